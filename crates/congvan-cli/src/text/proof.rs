//! What is said of proofs, to whoever makes one and whoever has to judge one.

use std::fmt::Display;

use super::Lang;

texts! {
    h_proof_file() "proof" "bằng chứng";
    h_signed_by() "signed by" "người ký";
    h_file_digest() "file (BLAKE3)" "tệp (BLAKE3)";
    proven() "PROVEN" "ĐÃ CHỨNG MINH";
    not_proven() "NOT PROVEN" "CHƯA CHỨNG MINH";
    attachment_saved(path) "Attachment: {path}" "Tệp kèm: {path}";
    page_written(path) "To print: {path}" "Để in: {path}";
    page_title() "Proof of a document" "Bằng chứng về văn bản";
    page_says_nothing() "This sheet describes a proof; it is none. The file with the digest below proves it to anybody who has the \
        network's fingerprint from the registrar: congvan check FILE --network FINGERPRINT."
        "Trang này mô tả một bằng chứng chứ không phải bằng chứng. Tệp có mã băm dưới đây chứng minh cho bất kỳ ai có dấu vân \
        tay của mạng do cơ quan đăng ký cấp: congvan check TEP --network DAU_VAN_TAY.";
    p_prove() "writing" "đang ghi";
    p_check() "checking" "đang kiểm";
    e_refuted(path, error) "{path} proves nothing: {error}" "{path} không chứng minh được gì: {error}";
    n_proof_network() "compare the fingerprint with the registrar's, by telephone" "hãy so dấu vân tay với cơ quan đăng ký qua điện thoại";

    audit_title() "Audit of a ledger" "Kiểm toán sổ";
    h_covered() "covered" "có mốc đến";
    h_witnessed() "witnessed" "chứng kiến đến";
    h_erased() "erased" "đã xóa nội dung";
    audit_key_made(path, key) "a new auditor's key, {key}, is in {path}; keep it" "đã tạo khóa kiểm toán {key} trong {path}; hãy giữ kỹ";
    audit_chain_note(agency, number, reason) "note: {agency}, number {number}: {reason}" "lưu ý: {agency}, số {number}: {reason}";
    audit_more(count) "{count} more findings are not listed" "còn {count} phát hiện không liệt kê";
    audit_before(count) "{count} entries were audited before and were not gone through again"
        "{count} mục đã được kiểm toán trước đây và không xét lại";
    audit_evidence(path) "evidence: {path}" "chứng cứ: {path}";
    audit_held(id, copies) "  {id} in {copies}" "  {id} trong {copies}";
    audit_convicts(agency) "  {agency} signed both: it told two stories" "  {agency} đã ký cả hai: nói hai điều trái nhau";
    audit_tampered() "  not both are signed by one key: at least one copy was tampered with, see its violations"
        "  hai mục không cùng một khóa ký: ít nhất một bản bị can thiệp, xem các vi phạm của nó";
    e_former(path, error) "{path}: {error}" "{path}: {error}";
}
