//! What is said of proofs, to whoever makes one and whoever has to judge one.

use std::fmt::Display;

use super::Lang;

texts! {
    h_proof_file() "proof" "bằng chứng";
    h_signed_by() "signed by" "người ký";
    h_file_digest() "file (BLAKE3)" "tệp (BLAKE3)";
    proven() "PROVEN" "ĐÃ CHỨNG MINH";
    not_proven() "NOT PROVEN" "CHƯA CHỨNG MINH";
    proof_fork(agency, number) "{agency} signed two different entries with number {number}; the evidence is in the file."
        "{agency} đã ký hai mục khác nhau cùng số {number}; chứng cứ nằm trong tệp.";
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
}
