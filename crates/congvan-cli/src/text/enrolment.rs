//! What is said of invitations and enrolment, to registrars and technicians.

use congvan::core::enrol::Refusal;
use congvan::core::invitation::CodeError;
use congvan::desk::DeskError;
use congvan::enrol::{CallError, EnrolError};
use congvan::invitations::{InvitationError, MAX_HOURS, Standing};
use std::fmt::Display;

use super::Lang;
use crate::output::time;

texts! {
    // The registrar.
    invited(code, name) "{code} ({name}) is invited. Read out, or paste, this code; it is shown only now:"
        "Đã mời {code} ({name}). Đọc hoặc gửi mã này; mã chỉ hiện một lần:";
    invited_until(time) "It works once, until {time}." "Mã dùng được một lần, đến {time}.";
    invited_next() "Next: `congvan roster serve` here; at the agency `congvan agency enrol --at HOST CODE`."
        "Tiếp theo: `congvan roster serve` tại đây; tại cơ quan `congvan agency enrol --at MAY_CHU MA`.";
    revoked_invitation(code) "The invitation of {code} is taken back." "Đã hủy giấy mời của {code}.";
    h_invitation() "invitation" "giấy mời";
    h_valid_until() "valid until" "hiệu lực đến";
    h_asks() "asked by key" "khóa xin ghi danh";
    h_file() "file" "tệp";
    h_approvals() "approved" "chấp thuận";
    i_open() "open" "đang chờ";
    i_asked() "waits for other registrars" "chờ khóa đăng ký khác";
    i_admitted() "admitted" "đã kết nạp";
    i_expired() "expired" "hết hạn";
    i_revoked() "taken back" "đã hủy";
    i_void() "void: misused" "vô hiệu: bị dùng sai";
    requests_next() "Next: send each file to the other registrars, for `congvan roster approve`; then `congvan roster submit FILE` here."
        "Tiếp theo: gửi từng tệp cho khóa đăng ký khác để chạy `congvan roster approve`; rồi `congvan roster submit TEP` tại đây.";
    s_listening(addresses) "The desk is open at {addresses}." "Bàn đăng ký mở tại {addresses}.";
    s_closed() "No invitation waits: the port is closed." "Không còn giấy mời chờ: đã đóng cổng.";
    s_admitted(code, key, number) "Admitted: {code}, key {key}. Roster entry {number}."
        "Đã kết nạp: {code}, khóa {key}. Mục danh bạ số {number}.";
    s_waiting(code, approved, needed, file) "{code} asks to be admitted; {approved} of {needed} registrars approve: {file}"
        "{code} xin ghi danh; {approved}/{needed} khóa đăng ký chấp thuận: {file}";
    s_collected(code) "{code} has the whole roster and can start its node." "{code} đã nhận đủ danh bạ, chạy nút được.";
    s_refused(code, reason) "Refused at the invitation of {code}: {reason}." "Từ chối theo giấy mời của {code}: {reason}.";
    s_published(number) "The node has the roster up to entry {number}." "Nút đã có danh bạ đến mục số {number}.";
    s_unpublished(reason) "The node was not given the roster; it is tried again: {reason}"
        "Chưa đưa được danh bạ cho nút; sẽ thử lại: {reason}";

    // The technician.
    ask_code() "Enrolment code: " "Mã ghi danh: ";
    step_connected(at) "Connected to {at}." "Đã kết nối {at}.";
    step_invited(code, name, network) "The registrar of {network} invited {code} ({name})."
        "Cơ quan đăng ký của {network} mời {code} ({name}).";
    step_keys() "The keys are made; they never leave this machine." "Đã tạo khóa; khóa không bao giờ rời máy này.";
    step_roster() "Receiving the roster" "Đang nhận danh bạ";
    enrolled(code, name) "{code} ({name}) is enrolled." "Đã ghi danh {code} ({name}).";
    enrolled_next() "Next: `systemctl enable --now congvan-node`, then `congvan doctor`."
        "Tiếp theo: `systemctl enable --now congvan-node`, rồi `congvan doctor`.";
    no_peers() "The registrar's desk named no node to begin with: set `bootstrap` in the node's configuration."
        "Bàn đăng ký không cho biết nút nào để bắt đầu: hãy đặt `bootstrap` trong cấu hình của nút.";
    enrol_waiting(code, approved, needed) "{code} waits: {approved} of {needed} registrars approve."
        "{code} đang chờ: {approved}/{needed} khóa đăng ký chấp thuận.";
    enrol_waiting_next() "Next: repeat this command once the registrar says so. The keys stay the same."
        "Tiếp theo: chạy lại lệnh này khi cơ quan đăng ký báo. Khóa giữ nguyên.";
    clock_ahead(minutes) "This machine's clock is {minutes} minutes ahead of the registrar's: set it, or run an NTP client."
        "Đồng hồ máy này nhanh hơn cơ quan đăng ký {minutes} phút: hãy chỉnh lại, hoặc chạy NTP.";
    clock_behind(minutes) "This machine's clock is {minutes} minutes behind the registrar's: set it, or run an NTP client."
        "Đồng hồ máy này chậm hơn cơ quan đăng ký {minutes} phút: hãy chỉnh lại, hoặc chạy NTP.";
    h_peers() "begins with" "nút bắt đầu";
    h_roster() "roster entries" "số mục danh bạ";

    // What goes wrong.
    e_code_length(len) "an enrolment code has 28 letters and digits in seven groups of four; this has {len}"
        "mã ghi danh có 28 chữ và số, bảy nhóm bốn; mã này có {len}";
    e_code_long() "this is far longer than an enrolment code" "quá dài, không phải mã ghi danh";
    e_code_letter(letter, group) "'{letter}' in group {group} is in no enrolment code"
        "'{letter}' trong nhóm {group} không có trong mã ghi danh";
    e_code_group(group) "the code is mistyped, probably in group {group}" "mã gõ sai, có lẽ ở nhóm {group}";
    e_code_mistyped() "the code is mistyped in more than one place" "mã gõ sai ở nhiều chỗ";
    n_code() "compare it with whoever read it out; nothing was sent" "so lại với người đọc mã; chưa gửi gì đi";
    e_address(text) "{text}: not an address" "{text}: không phải địa chỉ";
    n_address() "write HOST:PORT, for example 192.0.2.10:7413" "viết MAY_CHU:CONG, ví dụ 192.0.2.10:7413";
    e_unreachable(at, reason) "{at} cannot be reached: {reason}" "không tới được {at}: {reason}";
    n_unreachable() "ask the registrar for the address and whether `congvan roster serve` runs; look at this machine's network and firewall"
        "hỏi cơ quan đăng ký địa chỉ và `congvan roster serve` có đang chạy không; xem mạng và tường lửa của máy này";
    e_handshake(at, reason) "{at} answers, but not as a registrar's desk: {reason}"
        "{at} có trả lời nhưng không phải bàn đăng ký: {reason}";
    n_handshake() "after many attempts wait a minute; else compare host and port (7413 by default) with the registrar"
        "nếu đã thử nhiều lần, chờ một phút; nếu không, so lại máy chủ và cổng (mặc định 7413) với cơ quan đăng ký";
    e_not_invited(at) "nobody at {at} knows this code" "không ai ở {at} biết mã này";
    n_not_invited() "compare code and address with the registrar, and ask for a new code (`congvan roster invite`)"
        "so lại mã và địa chỉ với cơ quan đăng ký, và xin mã mới (`congvan roster invite`)";
    e_broken(at, reason) "the connection to {at} broke: {reason}" "mất kết nối với {at}: {reason}";
    n_repeat() "repeat the command; it goes on with the same keys" "chạy lại lệnh; lệnh tiếp tục với khóa cũ";
    e_impostor(at) "whoever answers at {at} does not know this code: it is not the registrar's desk. Nothing was sent to it"
        "bên trả lời ở {at} không biết mã này: không phải bàn đăng ký. Chưa gửi gì cho họ";
    n_impostor() "tell the registrar at once: somebody may be in between" "báo ngay cho cơ quan đăng ký: có thể có kẻ đứng giữa";
    e_other_agency(dir, here, offered) "{dir} belongs to {here}; this code is for {offered}"
        "{dir} là của {here}; mã này dành cho {offered}";
    n_other_agency() "use another --dir, or ask for the code of this agency" "dùng --dir khác, hoặc xin mã của đúng cơ quan này";
    e_other_network(dir) "{dir} is of another network than this code" "{dir} thuộc mạng khác với mã này";
    e_incomplete(dir) "{dir} was made only half, by a command that was interrupted" "{dir} mới tạo dở do lệnh bị ngắt";
    n_incomplete() "it holds no document yet: empty it, and repeat" "chưa có văn bản nào: làm trống thư mục rồi chạy lại";
    e_expired(time) "the code expired at {time}" "mã đã hết hạn lúc {time}";
    e_used(time) "the code was used already, at {time}, with other keys" "mã đã được dùng lúc {time}, với khóa khác";
    n_used() "if that was not this agency, tell the registrar at once, to revoke it; else ask for a new code"
        "nếu không phải cơ quan này dùng, báo ngay để cơ quan đăng ký thu hồi; nếu không, xin mã mới";
    e_revoked() "the registrar took the code back" "cơ quan đăng ký đã hủy mã này";
    e_void() "the code was misused too often and is void" "mã bị dùng sai quá nhiều lần, đã vô hiệu";
    n_new_code() "ask the registrar for a new code (`congvan roster invite`)" "xin cơ quan đăng ký mã mới (`congvan roster invite`)";
    e_proof() "the registrar's desk does not accept the proof of the code or of the keys"
        "bàn đăng ký không chấp nhận bằng chứng của mã hoặc của khóa";
    e_other() "the keys here are for another agency, name or parent than the invitation"
        "khóa ở đây dành cho cơ quan, tên hoặc cấp trên khác với giấy mời";
    e_desk(reason) "the registrar's desk cannot do it: {reason}" "bàn đăng ký không làm được: {reason}";
    e_turn() "the two sides do not understand each other; one runs other software" "hai bên không hiểu nhau; một bên dùng phần mềm khác";
    e_not_admitted(code) "the desk's roster does not have {code} with these keys, although it says so"
        "danh bạ của bàn đăng ký không có {code} với khóa này, dù bàn nói có";
    e_owner(dir, error) "cannot become the owner of {dir}, whose files these are to be: {error}"
        "không chuyển được sang chủ của {dir}, người phải sở hữu các tệp này: {error}";
    e_invited(code) "{code} is invited already" "{code} đã được mời";
    n_invited(code) "`congvan roster invitations --revoke {code}`, then invite anew" "`congvan roster invitations --revoke {code}`, rồi mời lại";
    e_no_invitation(code) "no open invitation is for {code}" "không có giấy mời đang chờ cho {code}";
    e_hours(hours, most) "an invitation holds for 1 to {most} hours, not {hours}" "giấy mời có hiệu lực 1 đến {most} giờ, không phải {hours}";
}

/// Where an invitation stands.
pub(crate) fn standing(lang: Lang, standing: Standing) -> String {
    match standing {
        Standing::Open => lang.i_open(),
        Standing::Asked => lang.i_asked(),
        Standing::Admitted => lang.i_admitted(),
        Standing::Expired => lang.i_expired(),
        Standing::Revoked => lang.i_revoked(),
        Standing::Void => lang.i_void(),
    }
}

/// Why a code is none.
pub(crate) fn code_error(error: &CodeError, lang: Lang) -> String {
    match error {
        CodeError::Length(len) => lang.e_code_length(len),
        CodeError::TooLong => lang.e_code_long(),
        CodeError::Letter { letter, group } => lang.e_code_letter(letter, group),
        CodeError::MistypedIn(group) => lang.e_code_group(group),
        CodeError::Mistyped => lang.e_code_mistyped(),
        other => other.to_string(),
    }
}

/// Why the desk refuses.
pub(crate) fn refusal(refusal: &Refusal, lang: Lang) -> String {
    match refusal {
        Refusal::Expired { at } => lang.e_expired(time(lang, at.as_millis())),
        Refusal::Used { at } => lang.e_used(time(lang, at.as_millis())),
        Refusal::Revoked => lang.e_revoked(),
        Refusal::Void => lang.e_void(),
        Refusal::Proof => lang.e_proof(),
        Refusal::Other => lang.e_other(),
        Refusal::Turn => lang.e_turn(),
        Refusal::Desk(reason) => lang.e_desk(reason),
    }
}

/// Why an agency could not enrol.
pub(crate) fn error(error: &EnrolError, lang: Lang) -> String {
    match error {
        EnrolError::Address(text) => lang.e_address(text),
        EnrolError::Call(CallError::Unreachable { address, reason }) => lang.e_unreachable(address, reason),
        EnrolError::Call(CallError::Handshake { address, reason }) => lang.e_handshake(address, reason),
        EnrolError::Call(CallError::NotInvited { address }) => lang.e_not_invited(address),
        EnrolError::Call(CallError::Broken { address, reason }) => lang.e_broken(address, reason),
        EnrolError::Refused(reason) => refusal(reason, lang),
        EnrolError::Impostor(at) => lang.e_impostor(at),
        EnrolError::OtherAgency { dir, here, offered } => lang.e_other_agency(dir.display(), here, offered),
        EnrolError::OtherNetwork { dir, .. } => lang.e_other_network(dir.display()),
        EnrolError::Incomplete(dir) => lang.e_incomplete(dir.display()),
        EnrolError::NotAdmitted(code) => lang.e_not_admitted(code),
        EnrolError::Unexpected => lang.e_turn(),
        other => other.to_string(),
    }
}

/// What the technician does about it.
pub(crate) fn hint(error: &EnrolError, lang: Lang) -> Option<String> {
    Some(match error {
        EnrolError::Address(_) => lang.n_address(),
        EnrolError::Call(CallError::Unreachable { .. }) => lang.n_unreachable(),
        EnrolError::Call(CallError::Handshake { .. }) => lang.n_handshake(),
        EnrolError::Call(CallError::NotInvited { .. }) => lang.n_not_invited(),
        EnrolError::Call(_) | EnrolError::Refused(Refusal::Desk(_)) => lang.n_repeat(),
        EnrolError::Refused(Refusal::Used { .. }) => lang.n_used(),
        EnrolError::Refused(_) | EnrolError::NotAdmitted(_) => lang.n_new_code(),
        EnrolError::Impostor(_) => lang.n_impostor(),
        EnrolError::OtherAgency { .. } | EnrolError::OtherNetwork { .. } => lang.n_other_agency(),
        EnrolError::Incomplete(_) => lang.n_incomplete(),
        EnrolError::Setup(error) => return crate::exit::setup_hint(error, lang),
        EnrolError::Open(_) | EnrolError::Entry(_) | EnrolError::Roster(_) => lang.n_repeat(),
        _ => return None,
    })
}

/// What fails at the desk.
pub(crate) fn desk_error(error: &DeskError, lang: Lang) -> String {
    match error {
        DeskError::Invitations(InvitationError::Open(code)) => lang.e_invited(code),
        DeskError::Invitations(InvitationError::Unknown(code)) => lang.e_no_invitation(code),
        DeskError::Invitations(InvitationError::Hours(hours)) => lang.e_hours(hours, MAX_HOURS),
        other => other.to_string(),
    }
}
