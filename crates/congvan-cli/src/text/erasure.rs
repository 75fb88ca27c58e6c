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
