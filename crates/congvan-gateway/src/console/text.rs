//! Every word that the console shows, Vietnamese first, English beside it.

use axum::http::HeaderMap;

use super::who::cookie;

/// The cookie that keeps the reader's choice.
pub(crate) const LANGUAGE: &str = "congvan-language";

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Lang {
    /// Tiếng Việt.
    #[default]
    Vi,
    /// English.
    En,
}

impl Lang {
    /// The reader's choice; Vietnamese until they make one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        cookie(headers, LANGUAGE).and_then(Self::named).unwrap_or_default()
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Vi, Self::En].into_iter().find(|lang| lang.name() == name)
    }

    /// As pages and cookies name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Vi => "vi",
            Self::En => "en",
        }
    }

    /// As its speakers name it.
    pub(crate) fn own_name(self) -> &'static str {
        match self {
            Self::Vi => "Tiếng Việt",
            Self::En => "English",
        }
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Self::Vi => Self::En,
            Self::En => Self::Vi,
        }
    }

    /// One of two that mean the same.
    pub(crate) fn pick<T>(self, vi: T, en: T) -> T {
        match self {
            Self::Vi => vi,
            Self::En => en,
        }
    }
}

macro_rules! texts {
    ($($name:ident($($arg:ident),*) $vi:literal $en:literal;)*) => {
        impl Lang {
            $(pub(crate) fn $name(self, $($arg: impl std::fmt::Display),*) -> String {
                match self {
                    Self::Vi => format!($vi),
                    Self::En => format!($en),
                }
            })*
        }

        #[cfg(test)]
        pub(super) const ALL: &[(&str, &[&str], &str, &str)] = &[$((stringify!($name), &[$(stringify!($arg)),*], $vi, $en)),*];
    };
}

mod check;

texts! {
    // The parts, and what every page has.
    inbox() "Văn bản đến" "Received";
    outbox() "Văn bản đi" "Sent";
    send() "Soạn văn bản" "Write a document";
    due() "Việc đến hạn" "What is due";
    agencies() "Danh bạ cơ quan" "Agencies";
    catalogue() "Thủ tục hành chính" "Procedures";
    node() "Tình trạng máy" "This machine";
    alarms() "Cảnh báo" "Alarms";
    help() "Trợ giúp" "Help";
    parts() "Các phần" "Parts";
    skip() "Đến nội dung chính" "Skip to the content";
    network() "Mạng" "Network";
    role_clerk() "văn thư" "clerk";
    role_viewer() "chỉ xem" "viewer";
    what_to_do() "Cần làm gì?" "What to do?";
    alarm_count(count) "{count} cảnh báo" "alarms: {count}";
    pages() "Các trang" "Pages";
    page_number(number) "Trang {number}" "Page {number}";
    previous_page() "Trang trước" "Previous page";
    next_page() "Trang sau" "Next page";
    for_technician() "Cho kỹ thuật viên:" "For the technician:";
    for_technician_title() "Cho kỹ thuật viên" "For the technician";
    agency() "Cơ quan" "Agency";
    state() "Tình trạng" "State";
    document() "Văn bản" "Document";
    seconds(count) "{count} giây" "{count} seconds";
    minutes(count) "{count} phút" "{count} minutes";
    hours(count) "{count} giờ" "{count} hours";
    days(count) "{count} ngày" "{count} days";

    // Logging in and out.
    login() "Đăng nhập" "Log in";
    log_in() "Đăng nhập" "Log in";
    log_out() "Đăng xuất" "Log out";
    user_name() "Tên người dùng" "User name";
    password() "Mật khẩu" "Password";
    login_expired() "Phiên làm việc đã hết hạn. Hãy đăng nhập lại để tiếp tục." "Your session has ended. Log in again to go on.";
    login_left() "Đã đăng xuất." "You are logged out.";
    login_wrong() "Tên người dùng hoặc mật khẩu không đúng. Hãy kiểm tra phím Caps Lock và bộ gõ, rồi thử lại."
        "User name or password is wrong. Check Caps Lock and the keyboard's language, then try again.";
    login_wait(minutes) "Sai mật khẩu quá nhiều lần. Hãy đợi {minutes} phút rồi thử lại; nếu quên mật khẩu, nhờ kỹ thuật viên đặt lại."
        "Too many wrong passwords. Wait {minutes} min and try again; if you forgot it, ask your technician for a new one.";
    login_nobody() "Chưa có người dùng nào. Kỹ thuật viên tạo người dùng bằng lệnh" "There are no users yet. The technician makes them with";

    // What cannot be done, and what to do then.
    problem() "Không thực hiện được" "That cannot be done";
    back_to_inbox() "Về Văn bản đến" "To the received documents";
    no_page() "Không có trang này." "There is no such page.";
    no_page_next() "Có thể địa chỉ bị gõ sai. Từ Văn bản đến, danh mục bên trái dẫn đến mọi phần." "The address may be mistyped. From the received documents, the list on the left leads everywhere.";
    not_found() "Không tìm thấy." "Not found.";
    not_found_next() "Có thể nội dung chưa về đến máy này. Hãy quay lại danh sách và thử lại sau ít phút."
        "It may not have arrived on this machine yet. Go back to the list, and try again in some minutes.";
    erased(what) "Nội dung {what}." "The content was {what}.";
    erased_next() "Không lấy lại được nữa. Vị trí và chữ ký của văn bản vẫn còn trong chuỗi, nên mọi bằng chứng về nó vẫn đúng."
        "It cannot be had back. The document's place and signature stay in the chain, so every proof about it still holds.";
    not_here_yet() "Tệp chưa về đủ." "The file has not arrived in full.";
    not_here_yet_next() "Máy đang tải tệp từ các cơ quan khác. Hãy thử lại sau ít phút." "This machine is fetching it from other agencies. Try again in some minutes.";
    foreign() "Yêu cầu này không đến từ trang Công văn của máy này, nên không được thực hiện."
        "This request did not come from this machine's own pages, so nothing was done.";
    foreign_next() "Hãy mở lại trang và làm lại tại đó. Nếu có người gửi cho bạn một liên kết dẫn đến đây, hãy báo kỹ thuật viên."
        "Open the page again and repeat it there. If somebody sent you a link that led here, tell your technician.";
    stale() "Trang đã cũ, nên chưa có gì được thực hiện." "The page was too old, so nothing was done.";
    stale_next() "Hãy mở lại trang và làm lại." "Open the page again and repeat it.";
    bad_form() "Nội dung gửi lên không đọc được." "What was sent cannot be read.";
    bad_form_next() "Hãy quay lại, kiểm tra các ô đã nhập rồi gửi lại." "Go back, look at what you typed, and send it again.";
    may_not_write() "Tài khoản của bạn chỉ được xem." "Your account may only read.";
    may_not_write_next() "Nếu cần gửi hoặc báo xử lý văn bản, hãy nhờ kỹ thuật viên cấp quyền văn thư."
        "If you need to send or report, ask your technician for a clerk's account.";
    sealed() "Văn bản này được niêm phong cho cơ quan khác; máy này không mở được."
        "This document is sealed to other agencies; this machine cannot open it.";
    sealed_next() "Không cần làm gì. Nếu văn bản lẽ ra gửi cho cơ quan bạn, hãy báo nơi gửi." "Nothing needs doing. If it was meant for you, tell its sender.";
    refused_next() "Chưa có gì được ghi. Hãy mở lại văn bản để xem tình trạng mới nhất." "Nothing was written. Open the document again to see how it is now.";
    not_writing() "Máy này hiện chưa gửi được." "This machine cannot send now.";
    not_writing_next() "Xem phần Cảnh báo để biết lý do và cách xử lý, rồi thử lại. Chưa có gì được ghi."
        "See Alarms for the reason and what to do, then try again. Nothing was written.";
    internal() "Máy gặp lỗi khi thực hiện việc này." "Something went wrong on this machine.";
    internal_next() "Hãy thử lại. Nếu vẫn lỗi, báo kỹ thuật viên: chi tiết có trong nhật ký của máy." "Try again. If it stays so, tell your technician: the machine's log has the details.";

    // Lists and searching.
    search() "Tìm" "Search";
    search_label() "Tìm theo trích yếu, số ký hiệu hoặc nơi gửi" "Search by subject, number or sender";
    search_hint() "Tìm theo trích yếu, số ký hiệu, nơi gửi…" "Search by subject, number, sender…";
    search_more() "Tìm chi tiết hơn" "More to search by";
    show_all() "Xem tất cả" "Show all";
    code() "Số, ký hiệu" "Number and notation";
    agency_or_code() "Cơ quan (tên hoặc mã)" "Agency (name or code)";
    day_from() "Từ ngày" "From";
    day_until() "Đến ngày" "To";
    day_hint() "ngày/tháng/năm" "day/month/year";
    wrong_date() "Ngày chưa đúng. Hãy viết như 24/11/2026." "That is no date. Write it as 24/11/2026.";
    nothing_found() "Không tìm thấy văn bản nào. Hãy thử ít từ hơn; có thể gõ không dấu." "No document was found. Try fewer words; accents may be left out.";
    inbox_empty() "Chưa có văn bản nào gửi đến cơ quan này." "No document has been sent to this agency yet.";
    outbox_empty() "Cơ quan này chưa gửi văn bản nào." "This agency has sent no document yet.";
    sent_on() "Ngày gửi" "Sent on";
    until() "Hạn" "Due";
    files() "Tệp kèm" "Attachments";
    view() "Xem" "View";
    view_file(name) "Xem {name} (mở thẻ mới)" "View {name} (in a new tab)";
    still_coming() "đang tải về" "still arriving";
    no_subject() "(không có trích yếu)" "(no subject)";
    to_everybody() "Công khai cho mọi cơ quan" "Public, to everybody";
    and_more(name, count) "{name} và {count} nơi khác" "{name} and {count} more";

    // States.
    state_new() "Mới đến" "New";
    state_on_its_way() "Đang chuyển" "On its way";
    state_arrived() "Đã đến" "Arrived";
    state_refused() "Từ chối" "Refused";
    state_accepted() "Đã tiếp nhận" "Accepted";
    state_assigned() "Đã phân công" "Assigned";
    state_processing() "Đang xử lý" "In processing";
    state_completed() "Hoàn thành" "Completed";
    state_withdrawn() "Đã thu hồi" "Recalled";
    state_replaced() "Đã thay thế" "Replaced";
    state_asked_back() "Chờ trả lời thu hồi" "Recall to be answered";
    standing_recall_asked() "Đang yêu cầu thu hồi" "Recall asked";
    standing_recalled_by_some() "Một số nơi đã trả lại" "Recalled by some";
    standing_recalled() "Đã thu hồi" "Recalled";
    standing_updated() "Có bản cập nhật" "Updated";
    standing_replaced() "Đã bị thay thế" "Replaced";
    tally_completed(count, all) "{count}/{all} nơi hoàn thành" "{count} of {all} completed";
    tally_refused(count) "{count} từ chối" "{count} refused";
    tally_going(count) "{count} đang xử lý" "{count} under way";
    tally_silent(count) "{count} chưa đến" "{count} not arrived";
    urgent() "Khẩn" "Urgent";
    very_urgent() "Thượng khẩn" "Very urgent";
    immediate() "Hỏa tốc" "Immediate";

    // One document.
    sent_by() "Nơi gửi:" "From:";
    clock_off() "đồng hồ nơi gửi chạy nhanh, giờ này có thể sai" "the sender's clock is ahead, this time may be wrong";
    see_that_document() "Xem văn bản đó" "See that document";
    no_files() "Văn bản này không có tệp kèm." "This document has no attachments.";
    content() "Nội dung" "Content";
    kind() "Loại văn bản" "Type";
    promulgated() "Ngày ban hành" "Promulgated";
    place() "Nơi ban hành" "Place";
    signer() "Người ký" "Signed by";
    own_id() "Mã của nơi gửi" "The sender's id";
    recipients() "Nơi nhận" "Recipients";
    steps() "Tiến độ" "Progress";
    step_of(step, all) "Bước {step} trên {all}" "Step {step} of {all}";
    history() "Diễn biến" "History";
    was_sent() "gửi văn bản" "sent the document";
    handled_by() "Người xử lý:" "Handled by:";
    without_effect(why) "Không có hiệu lực: {why}." "Without effect: {why}.";
    document_number(number, name) "văn bản số {number} của {name}" "document {number} of {name}";
    link_answers() "Trả lời cho" "Answers";
    link_answered_by() "Được trả lời bởi" "Answered by";
    link_recalls() "Thu hồi" "Recalls";
    link_recalled_by() "Bị thu hồi bởi" "Recalled by";
    link_updates() "Cập nhật cho" "Updates";
    link_updated_by() "Được cập nhật bởi" "Updated by";
    link_replaces() "Thay thế cho" "Replaces";
    link_replaced_by() "Bị thay thế bởi" "Replaced by";
    proof() "Bằng chứng" "Proof";
    proof_genuine(number, code) "Văn bản thật: số {number} trong sổ của {code}." "Genuine: number {number} of {code}.";
    proof_short(number) "Thật: số {number}" "Genuine: number {number}";
    proof_not() "Không nên tin" "Not to be relied on";
    proof_means(name) "Máy này đã kiểm: đúng chữ ký của {name}, và không có gì bị sửa từ khi gửi." "This machine checked it: signed by {name}, and nothing was altered since it was sent.";
    proof_distrusted(number, name) "Không nên tin: sổ của {name} có mâu thuẫn từ trước hoặc tại số {number}." "Do not rely on it: the ledger of {name} contradicts itself at or before number {number}.";
    proof_distrusted_next() "Hãy gọi điện hỏi nơi gửi trước khi xử lý, và xem phần Cảnh báo." "Telephone the sender before you act on it, and see Alarms.";
    cover_none() "Chưa được chốt sổ. Máy của nơi gửi tự chốt sổ khi có mạng, thường trong vài phút."
        "Not yet covered by a checkpoint of its agency. Its node makes one by itself, usually within minutes.";
    cover_checkpoint(number, size) "Được chốt sổ ở mục số {number} của nơi gửi, gồm mọi số đến {size}."
        "Covered by checkpoint {number} of its agency, over every number up to {size}.";
    cover_witnessed(seen, asked) "Đã được chứng kiến ({seen} cơ quan; mạng yêu cầu {asked}):" "Witnessed ({seen} of {asked} asked) by:";
    cover_unwitnessed(seen, asked) "Chưa đủ chứng kiến: {seen} trên {asked} cơ quan cần có." "Not yet witnessed: {seen} of {asked} asked.";
    cover_nobody_asked() "Mạng này chưa chỉ định cơ quan chứng kiến." "This network names no witnesses yet.";
    proof_root(size) "Gốc băm của sổ đến số {size}" "Root of the ledger up to number {size}";
    proof_more() "Chi tiết kỹ thuật" "Technical details";
    proof_id() "Mã" "Id";
    proof_key() "Khóa ký" "Signing key";
    proof_digest() "Mã băm nội dung" "Digest";
    proof_previous() "Mục trước" "Entry before";
    proof_head() "Sổ này ở đây đến số" "The ledger here goes to number";
    proof_certificate() "Chứng thư" "Certificate";
    proof_issuer() "Nơi cấp" "Issued by";
    proof_how() "Kiểm lại bằng lệnh" "Check it again with";

    // What to do with a document.
    next_step() "Việc tiếp theo" "Next";
    viewer_reads() "Tài khoản của bạn chỉ được xem." "Your account may only read.";
    nothing_to_do() "Không còn việc gì phải báo." "Nothing more needs reporting.";
    act_accept() "Tiếp nhận" "Accept";
    act_assign() "Phân công xử lý" "Assign";
    act_process() "Báo đang xử lý" "Report: in processing";
    act_complete() "Báo hoàn thành" "Report: completed";
    act_refuse() "Từ chối nhận" "Refuse";
    act_ask_back() "Yêu cầu thu hồi" "Ask for it back";
    act_agree() "Đồng ý thu hồi, cập nhật" "Agree to the recall or update";
    act_disagree() "Không đồng ý thu hồi, cập nhật" "Refuse the recall or update";
    confirm(what) "Xác nhận: {what}" "Confirm: {what}";
    staff_name() "Người được phân công" "Assigned to";
    staff_department() "Phòng, bộ phận" "Department";
    note_optional() "Ghi chú (có thể để trống)" "Note (may be empty)";
    note_refused() "Lý do (bắt buộc; nơi gửi sẽ đọc)" "Reason (needed; the sender reads it)";
    note_completed() "Kết quả xử lý" "Result";
    note_recall() "Lý do thu hồi (bắt buộc; nơi nhận sẽ đọc)" "Reason (needed; the recipients read it)";
    reason_missing() "Cần ghi lý do." "A reason is needed.";
    which_asked() "Trả lời cho yêu cầu" "Which request is answered";
    asked_number(number) "yêu cầu số {number}" "request {number}";
    write_answer() "Soạn văn bản trả lời" "Write an answer";
    write_replacement() "Soạn văn bản thay thế" "Write a replacement";
    write_update() "Soạn văn bản cập nhật" "Write an update";
    write_recall() "Soạn văn bản thu hồi" "Write a recall";
    done_sent() "Đã gửi. Văn bản đã được ghi vào sổ và chuyển đến các nơi nhận." "Sent. The document is in the ledger and on its way to its recipients.";
    done_again() "Văn bản này đã được gửi trước đó, nên không gửi lần nữa. Để gửi văn bản khác, hãy chọn Soạn văn bản."
        "This document had been sent before, so it was not sent again. For another one, choose Write a document.";
    done_reported(what) "Đã ghi: {what}. Nơi gửi sẽ thấy." "Recorded: {what}. The other side will see it.";

    // Writing a document.
    subject() "Trích yếu" "Subject";
    subject_answer(subject) "Trả lời: {subject}" "Answer: {subject}";
    subject_recall(subject) "Thu hồi: {subject}" "Recall: {subject}";
    about_document() "Văn bản liên quan:" "The document that it concerns:";
    chosen() "Nơi nhận đã chọn" "Chosen recipients";
    find_agency() "Tìm cơ quan theo tên hoặc mã" "Search agencies by name or code";
    find_agency_hint() "gõ tên cơ quan, không cần dấu" "type a name; accents may be left out";
    no_agency_found() "Không tìm thấy cơ quan nào. Hãy thử ít từ hơn." "No agency was found. Try fewer words.";
    more_agencies() "Còn nhiều cơ quan khác: gõ thêm từ để thu hẹp." "There are more: type another word to narrow it.";
    kind_hint() "Công văn, Báo cáo…" "Letter, report…";
    answer_until() "Cần trả lời trước ngày" "Answer due by";
    urgency() "Độ khẩn" "Urgency";
    normal() "Thường" "Normal";
    position() "Chức vụ người ký" "Signer's position";
    choose_files() "Chọn tệp" "Choose files";
    drop_file() "Bỏ tệp này" "Remove";
    files_note(most) "Chọn được nhiều tệp cùng lúc, tối đa {most} tệp, mỗi tệp tối đa 2 GB." "Several may be chosen at once, at most {most}, each of 2 GB at most.";
    send_now() "Gửi văn bản" "Send";
    send_note() "Văn bản được ký bằng khóa của cơ quan và không sửa được sau khi gửi; chỉ các nơi nhận đọc được."
        "The document is signed with the agency's key and cannot be altered afterwards; only its recipients can read it.";
    put_right() "Chưa gửi. Cần sửa:" "Not sent yet. To be put right:";
    recipient_missing() "Chưa chọn nơi nhận: tìm cơ quan ở mục 1 rồi đánh dấu." "No recipient is chosen: search for an agency in part 1 and tick it.";
    subject_missing() "Chưa có trích yếu: điền vào mục 2." "There is no subject: fill it in, in part 2.";
    too_many_recipients(most) "Quá nhiều nơi nhận: tối đa {most}." "Too many recipients: at most {most}.";
    too_long() "Một ô ở mục 2 quá dài: hãy viết ngắn hơn." "A field in part 2 is too long: write less.";
    unknown_agencies(codes) "Danh bạ không có cơ quan {codes}: hãy bỏ đánh dấu và tìm lại." "The directory has no agency {codes}: untick it and search again.";
    document_too_long() "Văn bản quá dài: hãy viết ngắn hơn hoặc gửi ít nơi nhận hơn." "The document is too long: write less, or send it to fewer recipients.";
    too_many_files() "Quá nhiều tệp kèm." "Too many attachments.";
    file_too_long() "Tệp kèm quá lớn: mỗi tệp tối đa 2 GB, tất cả tối đa 4 GB." "An attachment is too large: each has 2 GB at most, all together 4 GB.";
    file_not_kept() "Không lưu được tệp kèm: ổ đĩa của máy có thể đã đầy. Hãy báo kỹ thuật viên." "The attachment cannot be kept: the machine's disk may be full. Tell your technician.";

    // What is due.
    due_received() "Việc của cơ quan này" "What this agency has to do";
    due_received_none() "Không có việc nào quá hạn hay sắp đến hạn." "Nothing is overdue or due soon.";
    due_sent() "Nơi khác chưa làm" "What others have not done";
    due_sent_none() "Không nơi nào quá hạn hay sắp đến hạn." "Nobody is overdue or due soon.";
    due_note() "Hạn tính theo giờ làm việc; kỹ thuật viên đặt trong cấu hình của máy." "Terms count working hours; your technician sets them in the machine's configuration.";
    due_later(count) "{count} việc khác còn thời gian." "{count} more have time.";
    and_others(count) "và {count} việc khác." "and {count} more.";
    waiting_for() "Đang chờ:" "Waiting for:";
    overdue() "Quá hạn" "Overdue";
    due_soon() "Sắp đến hạn" "Due soon";
    in_time() "Còn hạn" "In time";
    unanswered() "Chưa ai trả lời" "Never answered";
    date_unreadable() "Hạn không rõ" "Date unclear";
    step_receive() "tiếp nhận hoặc từ chối" "accept or refuse";
    step_complete() "hoàn thành hoặc trả lời" "complete or answer";
    step_answer() "trả lời" "answer";

    deadlines() "Thời hạn" "Deadlines";
    before_moment() "trước" "by";

    // The directory.
    online_only() "Chỉ cơ quan đang kết nối" "Connected agencies only";
    connection() "Kết nối" "Connection";
    held_to() "Có đến số" "Held up to number";
    behind_by(count) "còn thiếu {count}" "{count} behind";
    checked() "Đã kiểm chữ ký" "Signatures checked";
    checked_all() "đủ" "all";
    checked_to(number) "đến số {number}" "up to number {number}";
    distrusted_from(number) "không tin từ số {number}" "distrusted from number {number}";
    agencies_note() "“Có đến số”: máy này đang giữ sổ của cơ quan đó đến số nào, mục mới nhất ghi lúc nào, và còn thiếu bao nhiêu so với máy khác. Kết nối trực tiếp không cần thiết: văn bản đi qua bất kỳ máy nào."
        "“Held up to number”: how far this machine keeps that agency's ledger, when its newest entry was written, and how many other machines have beyond it. A direct connection is not needed: documents travel through any machine.";
    this_agency() "cơ quan này" "this agency";
    suspended() "tạm dừng" "suspended";
    closed() "đã đóng" "closed";
    publishes() "công bố thủ tục" "publishes procedures";
    here() "Máy này" "This machine";
    online() "Đang kết nối" "Connected";
    not_connected_now() "Không kết nối trực tiếp" "Not connected directly";

    // The catalogue.
    find_procedure() "Tìm theo tên hoặc mã thủ tục" "Search by name or code";
    level() "Cấp thực hiện" "Level";
    every_level() "Mọi cấp" "Every level";
    level_province() "Tỉnh" "Province";
    level_district() "Huyện" "District";
    level_commune() "Xã" "Commune";
    retired_too() "Cả thủ tục đã bãi bỏ" "Retired ones too";
    no_procedure_found() "Không tìm thấy thủ tục nào." "No procedure was found.";
    more_procedures(most) "Chỉ hiện {most} thủ tục đầu: hãy tìm để thu hẹp." "Only the first {most} are shown: search to narrow it.";
    procedure() "Thủ tục" "Procedure";
    latest_changes() "Thay đổi mới nhất" "Latest changes";
    changes() "Các lần thay đổi" "Changes";
    no_changes() "Chưa có thay đổi nào." "There are no changes yet.";
    in_force() "Có hiệu lực" "In force";
    retired() "Đã bãi bỏ" "Retired";
    change_new() "công bố" "published";
    change_changed() "sửa đổi" "changed";
    change_retired() "bãi bỏ" "retired";
    change_flagged() "ghi một thay đổi không có hiệu lực" "wrote a change without effect";
    change_recounted() "quyền công bố được thay đổi" "the right to publish changed";
    field() "Trường" "Field";
    before() "Trước" "Before";
    after() "Sau" "After";
    free() "miễn phí" "free";
    amount(number) "{number} đồng" "{number} đồng";
    yes() "có" "yes";
    no() "không" "no";
    online_full() "toàn trình" "full";
    online_partial() "một phần" "partial";

    // This machine, alarms and help.
    no_alarms() "Không có cảnh báo nào." "There are no alarms.";
    looked_at(when) "Kiểm tra lúc {when}." "Looked at {when}.";
    alarm_equivocation(name) "{name} đã ký hai nội dung khác nhau với cùng một số." "{name} signed two different things under one number.";
    alarm_equivocation_next(code, number) "Không xử lý văn bản của {code} từ số {number} trở đi. Hãy gọi điện cho cơ quan đó; cơ quan quản lý mạng sẽ chọn bản có giá trị."
        "Do not act on documents of {code} from number {number} on. Telephone that agency; the registrar will name the one that stands.";
    alarm_bad_signature(name) "Một văn bản của {name} có chữ ký sai." "A document of {name} has a bad signature.";
    alarm_bad_signature_next(code, number) "Không xử lý văn bản của {code} từ số {number} trở đi, và báo kỹ thuật viên." "Do not act on documents of {code} from number {number} on, and tell your technician.";
    alarm_closed() "Máy này không được phép gửi." "This machine may not send.";
    alarm_closed_next() "Văn bản đến vẫn đọc được. Hãy báo kỹ thuật viên lý do dưới đây." "Received documents can still be read. Tell your technician the reason below.";
    alarm_waiting() "Máy này đang chờ để được gửi." "This machine waits until it may send.";
    alarm_waiting_next() "Thường tự hết sau vài phút, khi có kết nối. Nếu không, hãy báo kỹ thuật viên." "This usually passes in some minutes, once there is a connection. If not, tell your technician.";
    alarm_disk(free) "Ổ đĩa sắp đầy: chỉ còn {free}." "The disk is nearly full: {free} are left.";
    alarm_disk_next() "Hãy báo kỹ thuật viên dọn hoặc thay ổ đĩa. Khi đầy, máy sẽ không nhận và không gửi được nữa."
        "Ask your technician for room. Once it is full, this machine can neither receive nor send.";
    alarm_clock(minutes) "Đồng hồ của máy này chạy chậm khoảng {minutes} phút." "This machine's clock is about {minutes} min behind.";
    alarm_clock_ahead(minutes) "Đồng hồ của máy này chạy nhanh khoảng {minutes} phút." "This machine's clock is about {minutes} min ahead.";
    alarm_clock_behind_next() "Giờ ghi trên văn bản gửi đi sẽ sai. Hãy báo kỹ thuật viên bật đồng bộ giờ (NTP)."
        "Documents sent from here would state a wrong time. Ask your technician to switch on time synchronisation (NTP).";
    alarm_clock_set_back_next() "Văn bản gửi gần nhất từ máy này ghi giờ muộn hơn bây giờ. Hãy báo kỹ thuật viên bật đồng bộ giờ (NTP)."
        "The last document sent from here states a later time than now. Ask your technician to switch on time synchronisation (NTP).";
    alarm_alone() "Máy này không kết nối được với cơ quan nào." "This machine is connected to no other agency.";
    alarm_alone_next() "Văn bản gửi đi sẽ chờ ở đây cho đến khi có kết nối. Hãy kiểm tra mạng Internet; nếu mạng vẫn tốt, báo kỹ thuật viên."
        "What you send waits here until there is a connection. Check the internet line; if it is fine, tell your technician.";
    sending() "Gửi văn bản" "Sending";
    writes() "Gửi được" "Possible";
    writes_later() "Đang chờ" "Waiting";
    writes_not() "Không gửi được" "Not possible";
    line() "Kết nối" "Connection";
    connected(count) "{count} máy khác" "to {count}";
    not_connected() "Không có" "None";
    own_documents() "Đã ghi vào sổ" "Written to the ledger";
    own_documents_note() "văn bản và báo cáo của cơ quan này" "documents and reports of this agency";
    to_check() "Chờ kiểm chữ ký" "Signatures to check";
    to_check_note() "tự kiểm trong nền" "checked in the background";
    files_coming() "Tệp đang tải về" "Files still arriving";
    files_coming_note() "tự tải khi có kết nối" "fetched when connected";
    disk() "Dung lượng sổ" "The ledger's size";
    free_of(free, total) "ổ đĩa còn trống {free} / {total}" "{free} of {total} free on the disk";
    connections() "Máy đang kết nối" "Connected machines";
    since() "Kết nối đã" "Connected for";
    address() "Địa chỉ" "Address";
    version() "Phiên bản" "Version";
    node_key() "Khóa mạng" "Network key";
    listens() "Nghe tại" "Listens on";
    memory() "Bộ nhớ" "Memory";
    states() "Tình trạng của văn bản" "States of a document";
    keys() "Phím tắt" "Keys";
    keys_note() "Mọi việc làm được bằng bàn phím. Trong Firefox, giữ thêm phím Shift." "Everything can be done by keyboard. In Firefox, hold Shift as well.";
    key_search() "Đến ô tìm kiếm" "To the search box";
    key_tab() "Đến ô hoặc nút kế tiếp, trước đó" "To the next or the previous field or button";
    key_enter() "Nhấn nút, mở liên kết, đánh dấu" "Press, follow, tick";
    key_print() "In trang đang xem" "Print this page";
    space() "Phím cách" "Space";
    means_arrived() "Văn bản và mọi tệp kèm đã về đến máy của nơi nhận. Máy tự báo." "The document and all attachments are on the recipient's machine. It says so by itself.";
    means_refused() "Nơi nhận không nhận, kèm lý do." "The recipient does not take it, and says why.";
    means_accepted() "Nơi nhận đã nhận và vào sổ." "The recipient has taken it and registered it.";
    means_assigned() "Đã giao cho một người hoặc bộ phận." "It was given to a person or department.";
    means_processing() "Đang được xử lý." "It is being worked on.";
    means_completed() "Đã xử lý xong." "It is done.";
    means_recall_asked() "Nơi gửi xin lấy lại văn bản." "The sender asks for it back.";
    means_recall_agreed() "Nơi nhận đồng ý; văn bản không còn dùng." "The recipient agrees; the document no longer counts.";
    means_recall_refused() "Nơi nhận không đồng ý, kèm lý do." "The recipient does not agree, and says why.";
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    /// What is the same in both languages.
    const SAME: &[&str] = &["amount"];

    #[test]
    fn no_word_is_missing_in_either_language() {
        for (name, arguments, vi, en) in ALL.iter().chain(check::ALL) {
            assert!(!vi.trim().is_empty() && !en.trim().is_empty(), "{name}");
            assert!(vi != en || SAME.contains(name), "{name} is not translated");
            for argument in *arguments {
                let placed = format!("{{{argument}}}");
                assert!(vi.contains(&placed) && en.contains(&placed), "{name} does not say {placed} in both");
            }
            let ends = |text: &str| text.chars().last().filter(|c| ".?:…".contains(*c));
            assert_eq!(ends(vi), ends(en), "{name} ends otherwise");
        }
    }

    #[test]
    fn vietnamese_comes_first() {
        assert_eq!(Lang::of(&HeaderMap::new()), Lang::Vi);
        assert_eq!(Lang::named("en"), Some(Lang::En));
        assert_eq!(Lang::named("fr"), None);
        assert_eq!((Lang::Vi.send(), Lang::En.send()), ("Soạn văn bản".into(), "Write a document".into()));
    }
}
