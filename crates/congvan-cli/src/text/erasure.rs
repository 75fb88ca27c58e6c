//! What is said of retention and erasure.

use std::fmt::Display;

use congvan::core::erasure::{Class, Reason, Rule};

use super::Lang;

texts! {
    c_erase(agency) "erase content of {agency}, everywhere and for good"
        "xóa nội dung văn bản của {agency}, ở mọi nơi và vĩnh viễn";
    c_retention() "change how long content is kept" "thay đổi thời hạn lưu giữ nội dung";
    h_reason() "reason" "lý do";
    h_basis() "basis" "căn cứ";
    h_erases() "erases" "xóa";
    h_class() "kept" "lưu giữ";
    nothing_dropped() "everything is kept" "lưu giữ tất cả";
    class_type(name) "documents of type \"{name}\"" "văn bản loại “{name}”";
    class_documents() "documents" "văn bản";
    class_statuses() "statuses" "trạng thái";
    class_notes() "notes" "ghi chú";
    kept_for(class, years) "{class}: {years} years" "{class}: {years} năm";
    erase_ordered() "Ordered to erase content of" "Đã ra lệnh xóa nội dung của";
    retention_changed() "The terms of retention are changed." "Đã thay đổi thời hạn lưu giữ.";
    erases_for_good() "This erases the content and the attachments at every node of the network. It cannot be undone; only the place in \
        the chain, the signature and this erasure stay." "Lệnh này xóa nội dung và tệp kèm tại mọi nút của mạng, không thể khôi phục; \
        chỉ còn lại vị trí trong chuỗi, chữ ký và lệnh xóa này.";
    erase_word() "erase" "xoa";
    type_to_erase(word) "Type {word} to go on:" "Gõ {word} để tiếp tục:";
    not_erased() "nothing was erased; give --yes where nobody can be asked" "chưa xóa gì; dùng --yes khi không có ai để hỏi";
    erased_before() "erased already" "đã xóa trước đó";
    erasure_written(numbers, cleared) "Erased by entry {numbers} of this agency's chain; {cleared} items cleared from the files here."
        "Đã xóa bằng mục số {numbers} trong chuỗi của cơ quan; {cleared} phần đã bị xóa khỏi các tệp ở đây.";
    erasure_next() "The other nodes follow once they have the entry. Backups and copies outside the network are yours to clear."
        "Các nút khác xóa theo khi nhận được mục này. Bản sao lưu và bản sao ngoài mạng phải tự xóa.";
    content_erased(said) "content {said}" "nội dung {said}";
    ev_erased(of) "erased content of {of}" "nội dung bị xóa của {of}";
    e_erased(said) "the content was {said}; its place in the chain stands" "nội dung {said}; vị trí trong chuỗi vẫn còn";
    e_rule(rule) "{rule}: write CLASS=KEEP or CLASS=KEEP:DROP in years, with CLASS documents, statuses, notes or type:NAME; for example documents=10:20"
        "{rule}: viết LOẠI=GIỮ hoặc LOẠI=GIỮ:XÓA theo năm, LOẠI là documents, statuses, notes hoặc type:TÊN; ví dụ documents=10:20";
    e_erased_entry(entry) "{entry}: give an id that the ledger here has, or NUMBER:ID with the 64 digits of the id"
        "{entry}: cho mã mà sổ ở đây có, hoặc SỐ:MÃ với đủ 64 chữ số";
    then_dropped(years) ", erased after {years}" ", xóa sau {years} năm";
}

impl Lang {
    /// A rule of retention in words.
    pub(crate) fn rule(self, rule: &Rule) -> String {
        let class = match &rule.class {
            Class::DocumentsOfType(name) => self.class_type(&**name),
            Class::Documents => self.class_documents(),
            Class::Statuses => self.class_statuses(),
            Class::Notes => self.class_notes(),
        };
        let dropped = rule.drop_after_years.map(|years| self.then_dropped(years)).unwrap_or_default();
        self.kept_for(class, rule.keep_years) + &dropped
    }

    /// Why something is erased.
    pub(crate) fn erasure_reason(self, reason: Reason) -> String {
        self.either(reason.english(), reason.vietnamese())
    }
}
