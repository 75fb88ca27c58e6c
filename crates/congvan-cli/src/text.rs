//! Every sentence that a clerk, a technician or an auditor reads from the command line, in both
//! languages side by side. What the crates below say of an error stays in English.

use std::fmt::Display;

pub(crate) use self::about::localize;

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Lang {
    /// English.
    En,
    /// Tiếng Việt.
    Vi,
}

impl Lang {
    /// The language of the environment: Vietnamese where the first locale variable set says so.
    pub(crate) fn from_env() -> Self {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().filter_map(|name| std::env::var(name).ok());
        match locale.into_iter().find(|value| !value.is_empty()) {
            Some(value) if value.to_lowercase().starts_with("vi") => Self::Vi,
            _ => Self::En,
        }
    }
}

macro_rules! texts {
    ($($name:ident($($arg:ident),*) $en:literal $vi:literal;)*) => {
        impl Lang {
            $(pub(crate) fn $name(self, $($arg: impl Display),*) -> String {
                match self {
                    Self::En => format!($en),
                    Self::Vi => format!($vi),
                }
            })*
        }
    };
}

mod about;
pub(crate) mod enrolment;
mod erasure;
mod proof;

texts! {
    // What was done.
    network_made(name) "The network {name} is made." "Đã tạo mạng {name}.";
    network_next() "Next: give genesis.cgv to every agency, and read them the fingerprint."
        "Tiếp theo: gửi genesis.cgv cho từng cơ quan và đọc cho họ dấu vân tay.";
    agency_made(code, name) "The directory of {code} ({name}) is made." "Đã tạo thư mục của {code} ({name}).";
    agency_next(file) "Next: send {file} to the registrar. The key files never leave this machine."
        "Tiếp theo: gửi {file} cho cơ quan đăng ký. Các tệp khóa không bao giờ rời máy này.";
    keys_rotated(number) "The keys are replaced from number {number} on." "Đã thay khóa kể từ số {number}.";
    roster_written(what, code, number) "{what}: {code}. Roster entry {number}." "{what}: {code}. Mục danh bạ số {number}.";
    admitted() "Admitted" "Đã kết nạp";
    suspended() "Suspended" "Đã tạm dừng";
    reinstated() "Reinstated" "Đã cho hoạt động lại";
    resolved() "Named the entry that stands for" "Đã chỉ định văn bản có giá trị của";
    closed() "Closed" "Đã đóng";
    rotated() "Keys replaced" "Đã thay khóa";
    revoked() "Key revoked" "Đã thu hồi khóa";
    roster_next() "Next: `congvan ledger export` here, `congvan ledger import` at a node; others get it from there."
        "Tiếp theo: `congvan ledger export` tại đây, `congvan ledger import` tại một nút; các nút khác nhận từ đó.";
    revoke_next(code) "{code} writes again once it is given new keys: `congvan roster rotate`."
        "{code} ghi lại được sau khi có khóa mới: `congvan roster rotate`.";
    roster_changed(what, number) "{what}. Roster entry {number}." "{what}. Mục danh bạ số {number}.";
    nodes_replaced() "Nodes replaced" "Đã thay nút";
    registrars_changed() "Registrars changed" "Đã thay đổi khóa đăng ký";
    certified() "Certificate put into the roster" "Đã ghi chứng thư vào danh bạ";
    proposed(number, file) "Proposed as roster entry {number}, in {file}:" "Đã đề nghị làm mục danh bạ số {number}, trong {file}:";
    is_proposed(number) "Proposed as roster entry {number}:" "Được đề nghị làm mục danh bạ số {number}:";
    approved(number, file) "Approved as roster entry {number}, in {file}:" "Đã chấp thuận làm mục danh bạ số {number}, trong {file}:";
    submitted(number) "In the roster, as entry {number}:" "Đã vào danh bạ, mục số {number}:";
    approvals(count, needed) "{count} approved; {needed} are needed" "{count} đã chấp thuận; cần {needed}";
    not_signed() "nothing is signed yet; if this is right, repeat with --yes" "chưa ký gì; nếu đúng, chạy lại với --yes";
    approve_next(file) "send {file} to another registrar, who runs `congvan roster approve`"
        "gửi {file} cho khóa đăng ký khác để chạy `congvan roster approve`";
    submit_next(file) "enough approve: `congvan roster submit {file}` at the desk of any of them"
        "đã đủ chấp thuận: `congvan roster submit {file}` tại bàn của một trong số họ";
    desk_made(dir) "A registrar's directory is made: {dir}." "Đã tạo thư mục khóa đăng ký: {dir}.";
    desk_next() "Next: tell the registrars this key, by telephone; they add it with `congvan roster registrars --add`."
        "Tiếp theo: đọc khóa này qua điện thoại cho các khóa đăng ký hiện tại; họ thêm bằng `congvan roster registrars --add`.";

    // What a change of the roster does, for whoever approves it.
    c_admit(agency) "admit the agency {agency}" "kết nạp cơ quan {agency}";
    c_suspend(agency) "suspend the agency {agency}" "tạm dừng cơ quan {agency}";
    c_reinstate(agency) "let the agency {agency} write again" "cho cơ quan {agency} hoạt động lại";
    c_close(agency) "close the chain of {agency} for good" "đóng hẳn chuỗi của {agency}";
    c_rotate(agency) "give {agency} new keys" "cấp khóa mới cho {agency}";
    c_revoke(agency) "declare the key of {agency} void" "thu hồi khóa của {agency}";
    c_resolve(agency, number) "decide which of the two entries {number} of {agency} stands"
        "chọn mục có hiệu lực trong hai mục số {number} của {agency}";
    c_nodes(agency) "replace the nodes of {agency}" "thay các nút của {agency}";
    c_registrars() "change who the registrars are" "thay đổi các khóa đăng ký";
    c_witnesses() "change who witnesses checkpoints" "thay đổi các cơ quan chứng kiến";
    h_witness() "witness" "chứng kiến";
    h_needed() "needed" "cần có";
    witnesses_changed() "Witnesses changed" "Đã thay đổi các cơ quan chứng kiến";
    c_rights(agency) "change what {agency} may do" "thay đổi quyền của {agency}";
    c_certify(agency) "bind a certificate to a key of {agency}" "gắn chứng thư với khóa của {agency}";
    instead_of(new, old) "{new} (before: {old})" "{new} (trước đây: {old})";
    since_number(number) "from number {number} on" "kể từ số {number}";
    no_rights() "to write documents, nothing else" "chỉ được ghi văn bản";
    may_publish() "to publish procedures as well" "được công bố cả thủ tục hành chính";
    h_change() "change" "thay đổi";
    h_approved() "approved by" "đã chấp thuận";
    h_added() "added" "thêm";
    h_removed() "removed" "bỏ";
    h_rights() "rights" "quyền";
    h_stands() "what stands" "phần có hiệu lực";

    // Certificates.
    challenge_written(path) "Written: {path}. The certificate's key must sign exactly these bytes:"
        "Đã ghi: {path}. Khóa của chứng thư phải ký đúng các byte này:";
    challenge_dgst() "  RSA, ECDSA:  openssl dgst -sha256 -sign KEY.pem -out proof.bin"
        "  RSA, ECDSA:  openssl dgst -sha256 -sign KHOA.pem -out proof.bin";
    challenge_raw() "  Ed25519:     openssl pkeyutl -sign -rawin -inkey KEY.pem -out proof.bin -in"
        "  Ed25519:     openssl pkeyutl -sign -rawin -inkey KHOA.pem -out proof.bin -in";
    challenge_token() "  A token signs the same with its own software: RSA PKCS #1 v1.5 or ECDSA, with SHA-256."
        "  Token ký bằng phần mềm riêng: RSA PKCS #1 v1.5 hoặc ECDSA, với SHA-256.";
    challenge_next(key) "It is for the key {key}. Next: `congvan certificate request --certificate CHAIN.pem --proof proof.bin -o FILE`."
        "Dành cho khóa {key}. Tiếp theo: `congvan certificate request --certificate CHUOI.pem --proof proof.bin -o TEP`.";
    request_written(path) "Written: {path}. Send it to the registrar, for `congvan roster certify`."
        "Đã ghi: {path}. Gửi cho cơ quan đăng ký để chạy `congvan roster certify`.";
    cert_of_key(agency, key, number) "{agency}, key {key}: by roster entry {number} bound to"
        "{agency}, khóa {key}: theo mục danh bạ số {number} gắn với";
    cert_none(agency) "{agency}: no key is bound to a certificate" "{agency}: không khóa nào gắn với chứng thư";
    h_certificate() "certificate" "chứng thư";
    h_issuer() "issued by" "bên cấp";
    h_serial() "serial no." "số sê-ri";
    h_valid() "valid" "hiệu lực";
    h_holds() "holds" "đúng";
    h_fails() "FAILS" "KHÔNG ĐÚNG";
    h_unchecked() "not checked" "chưa kiểm";
    h_verdict() "all in all" "tóm lại";
    cert_confirmed() "confirmed, but for revocation" "được xác nhận, trừ việc thu hồi";
    cert_refuted() "not confirmed: something does not hold" "không được xác nhận: có điểm không đúng";
    cert_open() "open: something could not be checked" "chưa rõ: có điểm chưa kiểm được";
    between(from, until) "{from} – {until}" "{from} – {until}";
    signed_while(valid) "signed while it was {valid}" "ký khi chứng thư {valid}";
    is_valid() "valid" "còn hiệu lực";
    is_not_valid() "NOT valid" "KHÔNG còn hiệu lực";
    audit_key(agency, key, entries) "{agency}, key {key}: {entries} entries" "{agency}, khóa {key}: {entries} mục";
    audit_unbound(count) "{count} keys are bound to no certificate: the roster alone says whose they are."
        "{count} khóa không gắn với chứng thư: chỉ danh bạ cho biết khóa của ai.";
    audit_outside(count, first) "{count} entries state a time at which no certificate of it was valid, the first at number {first}"
        "{count} mục ghi thời gian mà không chứng thư nào của khóa còn hiệu lực, đầu tiên là số {first}";
    audit_inside() "every entry states a time at which a certificate of it was valid"
        "mọi mục đều ghi thời gian mà chứng thư của khóa còn hiệu lực";
    h_signature() "signature" "chữ ký";
    kept_pdf(name) "{name} carries a PDF signature; Congvan keeps it byte for byte and does not judge it"
        "{name} có chữ ký PDF; Congvan giữ nguyên từng byte và không đánh giá chữ ký này";
    kept_xml(name) "{name} carries an XML signature; Congvan keeps it byte for byte and does not judge it"
        "{name} có chữ ký XML; Congvan giữ nguyên từng byte và không đánh giá chữ ký này";
    kept_unread(name) "{name}: whether it carries a signature was not looked at; it is kept byte for byte"
        "{name}: chưa xem có chữ ký hay không; vẫn giữ nguyên từng byte";
    other_nodes() "The enrolment names other nodes than the roster; add --nodes to put these in their place."
        "Bản ghi danh có nút khác với danh bạ; thêm --nodes để thay.";
    ends_after(number) "what stands ends at number {number}" "phần còn hiệu lực kết thúc ở số {number}";
    ends_none() "no entry of it stands" "không mục nào còn hiệu lực";
    sent(number) "Sent: number {number}." "Đã gửi: số {number}.";
    reported(status, meaning) "Reported: {status}, {meaning}." "Đã báo trạng thái: {status}, {meaning}.";
    other_sender(named, own) "The packet names {named} as its sender; this is {own}."
        "Gói tin ghi bên gửi là {named}; đây là {own}.";
    log_written(path, size, new) "Written: {path}, a log of {size} entries, {new} of them new." "Đã ghi: {path}, nhật ký {size} mục, {new} mục mới.";
    log_behind(standing, size) "the chain has {standing} entries, the last checkpoint is over {size} of them: run this again after the next"
        "chuỗi có {standing} mục, điểm kiểm cuối chỉ gồm {size} mục: hãy chạy lại sau điểm kiểm kế tiếp";
    log_next() "whoever checks the log needs the key from somebody else than the log: from the roster of their own copy, or from the agency"
        "người kiểm cần lấy khóa từ nơi khác chứ không từ chính nhật ký: từ danh bạ trong bản của họ, hoặc từ cơ quan";
    h_log() "Log" "Nhật ký";
    h_log_key() "Key" "Khóa";
    h_witness_key() "Witness' key" "Khóa chứng kiến";
    written_to(path, bytes) "Written: {path}, {bytes} bytes." "Đã ghi: {path}, {bytes} byte.";
    imported(entries, blobs) "Taken in: {entries} new entries, {blobs} attachments."
        "Đã nhận: {entries} mục mới, {blobs} tệp kèm.";
    backed_up(path) "The ledger is copied to {path}." "Đã sao lưu sổ vào {path}.";
    backup_next() "The key files are not in it: keep a copy of them elsewhere, under a passphrase."
        "Bản sao không có tệp khóa: hãy giữ bản sao khóa ở nơi khác, có mật khẩu.";
    restored(path) "The ledger is restored into {path}." "Đã khôi phục sổ vào {path}.";
    restore_next() "The node asks its peers for what was written after the backup before it writes again."
        "Nút sẽ hỏi các nút khác về những gì đã ghi sau bản sao trước khi ghi tiếp.";
    nothing() "Nothing here." "Không có gì.";
    no_events() "No new events." "Không có sự kiện mới.";
    complete() "The document and all its attachments are here." "Văn bản và mọi tệp kèm đã đến đủ.";

    system_added(id, agencies) "System {id} may now speak for {agencies}." "Hệ thống {id} từ nay được thay mặt {agencies}.";
    system_rotated(id) "System {id} has another secret; the old one is worth nothing." "Hệ thống {id} đã có khóa bí mật mới; khóa cũ hết giá trị.";
    system_removed(id) "System {id} may speak for nobody any more." "Hệ thống {id} không còn được thay mặt ai.";
    system_once() "The secret is shown once; hand it to the vendor in a safe way." "Khóa bí mật chỉ hiện một lần; hãy giao cho nhà cung cấp một cách an toàn.";
    system_other(codes, own) "this node sends and receives for {own} alone; {codes} matters to it only where it registers"
        "nút này chỉ gửi và nhận cho {own}; {codes} chỉ có ý nghĩa khi đăng ký";
    token_added(name, scopes) "The token {name} allows: {scopes}." "Mã truy cập {name} cho phép: {scopes}.";
    token_once() "It is shown once, and kept nowhere; hand it to the program in a safe way."
        "Mã chỉ hiện một lần và không được lưu lại; hãy chuyển cho phần mềm một cách an toàn.";
    token_removed(name) "The token {name} is worth nothing any more." "Mã truy cập {name} hết giá trị.";

    user_added(name, role) "User {name} ({role}) may now use the web console." "Người dùng {name} ({role}) từ nay được dùng trang web của nút.";
    user_changed(name) "User {name} has another password; the old one is worth nothing." "Người dùng {name} đã có mật khẩu mới; mật khẩu cũ hết giá trị.";
    user_removed(name) "User {name} may use the web console no more." "Người dùng {name} không còn được dùng trang web của nút.";
    user_once() "The password is shown once; hand it over in person." "Mật khẩu chỉ hiện một lần; hãy đưa tận tay.";
    ask_password(name) "New password of {name}: " "Mật khẩu mới của {name}: ";

    // Headings and fields.
    h_user() "user" "người dùng";
    h_role() "role" "vai trò";
    h_password() "password" "mật khẩu";
    h_password_since() "password since" "mật khẩu từ lúc";
    h_token() "token" "mã truy cập";
    h_scopes() "allows" "cho phép";
    h_expires() "expires" "hết hạn";
    h_system() "system" "hệ thống";
    h_secret() "secret" "khóa bí mật";
    h_since() "since" "từ lúc";
    h_id() "id" "mã";
    h_time() "time" "thời gian";
    h_from() "from" "nơi gửi";
    h_to() "to" "nơi nhận";
    h_number() "no." "số";
    h_code() "document" "số, ký hiệu";
    h_subject() "subject" "trích yếu";
    h_type() "type" "loại";
    h_promulgated() "promulgated" "ngày ban hành";
    h_place() "place" "nơi ban hành";
    h_summary() "abstract" "tóm tắt";
    h_signer() "signed by" "người ký";
    h_due() "due" "hạn trả lời";
    h_priority() "urgency" "độ khẩn";
    h_document_id() "document id" "mã văn bản";
    h_files() "attachments" "tệp kèm";
    h_packet() "packet" "gói edXML";
    h_progress() "progress" "tiến độ";
    h_history() "history" "diễn biến";
    h_proof() "proof" "bằng chứng";
    h_network() "network" "mạng";
    h_fingerprint() "fingerprint" "dấu vân tay";
    h_registrars() "registrars" "khóa đăng ký";
    h_created() "made" "lập lúc";
    h_enrolment() "enrolment" "bản ghi danh";
    h_key() "key" "khóa";
    h_node() "node" "nút";
    h_name() "name" "tên";
    h_parent() "parent" "cấp trên";
    h_standing() "standing" "tình trạng";
    h_head() "last no." "số cuối";
    h_agency() "agency" "cơ quan";
    h_entries() "entries" "số mục";
    h_head_id() "last entry" "mục cuối";
    h_address() "addresses" "địa chỉ";
    h_connected() "connected" "đã nối";
    h_genesis() "genesis" "tệp genesis";

    h_state() "state" "hiệu lực";
    h_answers() "answers" "trả lời";
    h_recalls() "recalls" "thu hồi";
    h_updates() "updates" "cập nhật";
    h_replaces() "replaces" "thay thế";
    h_answered_by() "answered by" "được trả lời";
    h_recalled_by() "recalled by" "bị thu hồi bởi";
    h_updated_by() "updated by" "cập nhật bởi";
    h_replaced_by() "replaced by" "thay thế bởi";

    found(shown, total) "{shown} of {total} documents." "{shown} trong {total} văn bản.";
    h_other_end() "from or to" "nơi gửi, nơi nhận";
    to_agencies(count) "to {count}" "gửi {count} nơi";

    due_received() "What this agency has to do:" "Việc cơ quan này phải làm:";
    due_sent() "What others owe this agency:" "Việc nơi khác chưa làm cho cơ quan này:";
    h_until() "until" "hạn";
    h_by() "by" "nơi nhận";
    h_lateness() "state" "tình trạng";
    h_step() "what" "việc";
    overdue() "overdue" "quá hạn";
    due_soon() "due soon" "sắp đến hạn";
    due_later() "later" "còn hạn";
    due_more(count) "{count} more; --limit lists more" "còn {count} việc khác; dùng --limit để xem thêm";
    unanswered() "never answered" "chưa từng trả lời";
    date_unreadable() "date unreadable" "không đọc được ngày";
    step_receive() "accept or refuse" "tiếp nhận hoặc từ chối";
    step_complete() "complete" "hoàn thành";
    step_answer() "answer" "trả lời";

    in_force() "in force" "còn hiệu lực";
    recall_asked() "recall asked" "đang bị yêu cầu lấy lại";
    recalled_by_some() "recalled: some addressees agreed" "đã thu hồi ở một số nơi nhận";
    recalled_by_all() "recalled: every addressee agreed" "đã thu hồi ở mọi nơi nhận";
    updated_by(id) "updated by {id}: read both" "đã cập nhật bởi {id}: đọc cả hai";
    replaced_by(id) "replaced by {id}" "đã thay thế bởi {id}";
    held_withdrawn(id) "copy withdrawn ({id})" "đã trả lại ({id})";
    held_updated(id) "update agreed ({id})" "đã nhận cập nhật ({id})";
    held_replaced(id) "replacement agreed ({id})" "đã nhận thay thế ({id})";
    open_asks(ids) "asked, not answered: {ids}" "chưa trả lời yêu cầu: {ids}";
    to_ask(id) "(to {id})" "(trả lời {id})";
    breaks(why) "[CHANGES NOTHING: {why}]" "[KHÔNG CÓ HIỆU LỰC: {why}]";

    kept_whole() "kept byte for byte" "giữ nguyên từng byte";
    not_yet() "not here yet" "chưa đến";
    no_status() "–" "–";
    clock_off() "(its clock is ahead)" "(đồng hồ bên gửi chạy nhanh)";
    sealed() "(sealed to others)" "(niêm phong cho bên khác)";
    of_them(k, n) "{k} of {n} make a change" "cần {k} trên {n} để thay đổi";
    genuine_by(key, head) "signature checked, key {key}; the chain here reaches number {head}"
        "đã kiểm chữ ký, khóa {key}; chuỗi tại đây đến số {head}";
    not_checked() "its own signature was not checked yet" "chưa kiểm chữ ký riêng";
    cover_none() "not yet covered by a checkpoint of its agency" "chưa được chốt sổ";
    cover_checkpoint(number, size) "covered by checkpoint {number} of its agency, over every number up to {size}"
        "được chốt sổ ở mục số {number} của nơi gửi, gồm mọi số đến {size}";
    cover_witnessed(by, seen, asked) "witnessed by {by}: {seen} of {asked} asked" "chứng kiến bởi {by}: {seen} trên {asked} cơ quan cần có";
    cover_partly(by, seen, asked) "not yet witnessed: {seen} of {asked} asked ({by})" "chưa đủ chứng kiến: {seen} trên {asked} cơ quan cần có ({by})";
    cover_unwitnessed(asked) "not yet witnessed: 0 of {asked} asked" "chưa được chứng kiến: 0 trên {asked} cơ quan cần có";
    cover_nobody_asked() "this network names no witnesses" "mạng này chưa chỉ định cơ quan chứng kiến";
    in_quarantine(number) "in quarantine from number {number} on" "bị cách ly từ số {number}";
    active() "active" "hoạt động";
    is_suspended() "suspended" "tạm dừng";
    is_closed() "closed" "đã đóng";
    seconds(n) "{n} s" "{n} giây";
    ev_received() "received" "nhận";
    ev_sent() "sent" "gửi";
    ev_status() "status" "trạng thái";
    ev_roster(number) "the roster is at number {number}" "danh bạ đến số {number}";
    ev_other() "other" "khác";

    // The catalogue.
    publish_on(from) "May publish procedures from number {from} on" "Được công bố thủ tục kể từ số {from}";
    publish_off(from) "May publish no procedures from number {from} on" "Không được công bố thủ tục kể từ số {from}";
    right_publish() "publishes" "công bố thủ tục";
    h_publisher() "publisher" "cơ quan công bố";
    h_procedure() "code" "mã thủ tục";
    h_levels() "levels" "cấp";
    h_field() "field" "lĩnh vực";
    h_fee() "fee" "phí, lệ phí";
    h_life() "state" "tình trạng";
    live() "in the catalogue" "đang trong danh mục";
    retired() "retired" "đã bãi bỏ";
    not_published() "not published" "chưa công bố";
    more_procedures(next) "There are more; the next page: --after {next}" "Còn thủ tục khác; trang tiếp theo: --after {next}";
    yes() "yes" "có";
    no() "no" "không";
    vnd(amount) "{amount} VND" "{amount} đồng";
    c_new(code, name) "new      {code}  {name}" "mới      {code}  {name}";
    c_changed(code, name) "changed  {code}  {name}" "sửa đổi  {code}  {name}";
    c_retired(code, name) "retired  {code}  {name}" "bãi bỏ   {code}  {name}";
    c_flagged(code, reason) "FLAGGED  {code}  {reason}" "SAI QUY TẮC  {code}  {reason}";
    c_recounted() "the registrar changed what counts of this publisher: list it anew"
        "cơ quan đăng ký đã thay đổi phần có hiệu lực: hãy liệt kê lại";
    c_field(field, before, after) "{field}: {before} → {after}" "{field}: {before} → {after}";
    c_reason(reason) "reason: {reason}" "lý do: {reason}";
    c_from(from) "from {from}" "từ {from}";
    c_empty() "(empty)" "(trống)";
    c_next(cursor) "next: --since {cursor}" "lần sau: --since {cursor}";
    c_planned(new, changed, retired, unchanged) "{new} new, {changed} changed, {retired} retired, {unchanged} unchanged."
        "{new} mới, {changed} sửa đổi, {retired} bãi bỏ, {unchanged} giữ nguyên.";
    c_dry_run() "Nothing was written: --dry-run." "Chưa ghi gì: --dry-run.";
    c_written(count) "Written: {count} changes." "Đã ghi: {count} thay đổi.";
    c_one_written(number) "Written: number {number}." "Đã ghi: số {number}.";
    c_no_change() "Nothing to change." "Không có gì thay đổi.";
    p_load() "loading" "đang nạp";
    p_forms() "storing forms" "đang lưu mẫu đơn";
    e_load(path, errors) "{path}: {errors} errors; nothing was written" "{path}: {errors} lỗi; chưa ghi gì";
    e_cell(row, column, error) "row {row}, column {column}: {error}" "dòng {row}, cột {column}: {error}";
    e_row(row, error) "row {row}: {error}" "dòng {row}: {error}";
    e_set(set) "--set {set}: FIELD=VALUE is due" "--set {set}: cần có dạng TRƯỜNG=GIÁ_TRỊ";
    e_asks_rights(code) "the enrolment of {code} asks for rights, which only the registrar gives"
        "bản ghi danh của {code} tự xin quyền; quyền chỉ do cơ quan đăng ký cấp";
    n_asks_rights(code) "let it send an enrolment without; then: congvan roster rights {code} --publish on"
        "yêu cầu gửi lại bản ghi danh không kèm quyền; rồi: congvan roster rights {code} --publish on";
    n_load() "correct the file and load it again; `congvan catalogue load --help` lists the columns"
        "hãy sửa tệp và nạp lại; `congvan catalogue load --help` liệt kê các cột";
    ev_catalogue() "catalogue" "danh mục";
    audit_catalogue(agency, live, retired) "catalogue of {agency}: {live} procedures, {retired} retired"
        "danh mục của {agency}: {live} thủ tục, {retired} đã bãi bỏ";
    audit_flagged(agency, number, code, reason) "flagged: agency {agency}, number {number}, procedure {code}: {reason}"
        "đánh dấu: cơ quan {agency}, số {number}, thủ tục {code}: {reason}";

    // The audit.
    audit_genuine(entries, signatures) "GENUINE: {entries} entries, {signatures} signatures checked."
        "CHÍNH XÁC: {entries} mục, đã kiểm {signatures} chữ ký.";
    audit_violations(count) "NOT GENUINE: {count} violations." "KHÔNG CHÍNH XÁC: {count} vi phạm.";
    audit_violation(agency, number, reason) "agency {agency}, number {number}: {reason}"
        "cơ quan {agency}, số {number}: {reason}";
    audit_note(agency, number, document, reason) "note: agency {agency}, number {number}, about document {document}: {reason}"
        "lưu ý: cơ quan {agency}, số {number}, về văn bản {document}: {reason}";
    audit_unreadable(path, error) "COULD NOT BE READ: {path}: {error}" "KHÔNG ĐỌC ĐƯỢC: {path}: {error}";
    audit_digest() "digest" "giá trị băm";
    audit_same(count) "All {count} copies are equal." "Cả {count} bản sao giống nhau.";
    audit_differ(agency, numbers) "The copies reach different numbers of {agency}: {numbers}. One may only be older."
        "Các bản sao có {agency} đến số khác nhau: {numbers}. Có thể có bản cũ hơn.";
    audit_contradict(agency, number) "The copies CONTRADICT each other: agency {agency}, number {number} differs."
        "Các bản sao MÂU THUẪN: cơ quan {agency}, số {number} khác nhau.";
    audit_other_network() "The copies are of different networks." "Các bản sao thuộc các mạng khác nhau.";

    // The doctor.
    doctor_ok() "ok" "tốt";
    doctor_note() "note" "lưu ý";
    doctor_act() "TO DO" "CẦN LÀM";
    doctor_fine() "Nothing needs doing." "Không cần làm gì.";
    doctor_todo(count) "{count} points need doing." "Có {count} việc cần làm.";
    d_dir() "directory" "thư mục";
    d_genesis() "genesis" "genesis";
    d_keys() "key files" "tệp khóa";
    d_enrolment() "enrolment" "ghi danh";
    d_disk() "disk" "đĩa";
    d_clock() "clock" "đồng hồ";
    d_ledger() "ledger" "sổ";
    d_mark() "high-water mark" "mốc số đã ký";
    d_roster() "roster" "danh bạ";
    d_node() "node" "nút";
    d_peers() "peers" "nút khác";
    d_quarantine() "quarantine" "cách ly";
    d_not_a_home(dir) "{dir} is neither a node's nor a registrar's directory; give --dir, or make one with `congvan agency create`"
        "{dir} không phải thư mục của nút hay của cơ quan đăng ký; dùng --dir hoặc `congvan agency create`";
    d_is_agency(code) "agency {code}" "cơ quan {code}";
    d_is_registrar() "registrar" "cơ quan đăng ký";
    d_keys_ok(count) "{count} files, mode 0600" "{count} tệp, quyền 0600";
    d_encrypted(path) "{path} is encrypted; give its passphrase to check it" "{path} có mật khẩu; hãy nhập mật khẩu để kiểm";
    d_key_fits_not() "agency.key is not the key of enrolment.cgv, and the roster was not checked: after a rotation this is normal"
        "agency.key không khớp enrolment.cgv: bình thường nếu đã thay khóa";
    d_key_fits() "agency.key fits enrolment.cgv" "agency.key khớp enrolment.cgv";
    d_disk_free(gib) "{gib} GiB free" "còn trống {gib} GiB";
    d_disk_low(gib) "{gib} GiB free: make room, the node stops writing when the disk is full"
        "còn trống {gib} GiB: hãy giải phóng chỗ, nút ngừng ghi khi đĩa đầy";
    d_clock_back(time) "this machine's clock is before {time}, when the network was made: set it"
        "đồng hồ máy chậm hơn {time}, lúc lập mạng: hãy chỉnh lại";
    d_ledger_ok(head, disk) "own chain reaches number {head}, {disk} MiB on disk" "chuỗi của mình đến số {head}, {disk} MiB trên đĩa";
    d_ledger_missing(path) "{path} is missing: `congvan restore`, or `congvan agency create` in a new directory"
        "thiếu {path}: hãy `congvan restore`, hoặc `congvan agency create` ở thư mục mới";
    d_mark_ok(number) "the key has signed up to number {number}" "khóa đã ký đến số {number}";
    d_mark_behind(mark, head) "the key has signed up to number {mark}, the ledger ends at {head}: it is older than its key; start the node with peers, it takes back what is missing"
        "khóa đã ký đến số {mark}, sổ chỉ đến {head}: sổ cũ hơn khóa; hãy chạy nút cùng các nút khác để lấy lại";
    d_roster_unknown(code) "the roster here does not know {code} yet: send enrolment.cgv to the registrar, then `congvan ledger import` its roster or start the node"
        "danh bạ tại đây chưa có {code}: gửi enrolment.cgv cho cơ quan đăng ký rồi nhập danh bạ hoặc chạy nút";
    d_roster_ok(agencies) "{agencies} agencies, ours among them" "{agencies} cơ quan, có cơ quan này";
    d_roster_count(agencies) "{agencies} agencies" "{agencies} cơ quan";
    d_standing(standing) "this agency is {standing}: ask the registrar" "cơ quan này {standing}: hãy hỏi cơ quan đăng ký";
    d_roster_key() "the roster gives this agency another key than agency.key: ask the registrar for `roster rotate`, or put the right key file here"
        "danh bạ ghi khóa khác với agency.key: hãy hỏi cơ quan đăng ký, hoặc đặt đúng tệp khóa";
    d_roster_node() "the roster does not name this node's key: peers will refuse it; ask the registrar"
        "danh bạ không có khóa của nút này: các nút khác sẽ từ chối; hãy hỏi cơ quan đăng ký";
    d_running(version, writing) "running, version {version}; writing: {writing}" "đang chạy, phiên bản {version}; ghi: {writing}";
    d_not_running() "no node runs here: start congvan-node" "không có nút nào chạy: hãy chạy congvan-node";
    d_peers_some(count) "{count} connected" "đã nối {count}";
    d_peers_none() "none connected: check `bootstrap` in the node's configuration, the line and the firewall"
        "chưa nối nút nào: kiểm tra `bootstrap` trong cấu hình, đường truyền và tường lửa";
    d_quarantined(agency, number) "{agency} from number {number} on: it said two things; the registrar decides which stands"
        "{agency} từ số {number}: đã nói hai điều khác nhau; cơ quan đăng ký quyết định";
    d_fetching(blobs, unchecked) "{blobs} attachments to fetch, {unchecked} signatures to check" "còn {blobs} tệp kèm phải lấy, {unchecked} chữ ký phải kiểm";
    d_passphrase_mode(path) "{path}: others may read it; run: chmod 600 {path}" "{path}: người khác đọc được; hãy chạy: chmod 600 {path}";

    // Progress.
    p_export() "exporting" "đang xuất";
    p_import() "importing" "đang nhập";
    p_backup() "copying" "đang sao lưu";
    p_audit() "checking" "đang kiểm";
    p_send() "sending" "đang gửi";
    p_fetch() "fetching" "đang lấy";
    p_restore() "restoring" "đang khôi phục";

    // Asking.
    ask_passphrase(path) "Passphrase of {path}: " "Mật khẩu của {path}: ";
    ask_new_passphrase() "New passphrase: " "Mật khẩu mới: ";
    ask_again() "Once more: " "Nhập lại: ";

    // Failures of the command line itself, and what to do next.
    error() "error" "lỗi";
    remark() "note" "lưu ý";
    hint() "what to do" "cách xử lý";
    e_file(path, error) "{path}: {error}" "{path}: {error}";
    e_field(field, error) "{field}: {error}" "{field}: {error}";
    e_unknown(codes) "the roster here knows no agency {codes}" "danh bạ tại đây không có cơ quan {codes}";
    e_no_addressee() "the packet names no addressee; give --to" "gói tin không có nơi nhận; hãy dùng --to";
    e_status_packet(path) "{path} is a status packet; report it with `congvan status --packet`"
        "{path} là gói trạng thái; hãy dùng `congvan status --packet`";
    e_no_document(what) "no document here fits what the packet answers ({what})" "không có văn bản nào khớp với gói trạng thái ({what})";
    e_several(ids) "several documents fit what the packet answers: {ids}" "có nhiều văn bản khớp với gói trạng thái: {ids}";
    e_attachment_size(path, len, max) "{path} has {len} bytes; at most {max} are allowed" "{path} có {len} byte; tối đa {max}";
    e_attachments(count, max) "--attach: {count} files; at most {max} are allowed" "--attach: {count} tệp; tối đa {max}";
    e_not_a_file(path) "{path} is not a file" "{path} không phải là tệp";
    e_needs_passphrase(path) "{path} is encrypted, and there is no terminal to ask for its passphrase"
        "{path} có mật khẩu, nhưng không có bàn phím để hỏi";
    e_passphrase_differs() "the two passphrases differ" "hai mật khẩu không giống nhau";
    e_passphrase_empty() "the passphrase is empty" "mật khẩu trống";
    e_not_running(dir) "no node runs in {dir}" "không có nút nào chạy tại {dir}";
    e_no_ledger(dir) "{dir} has no ledger: it is neither a node's nor a registrar's directory"
        "{dir} không có sổ: không phải thư mục của nút hay cơ quan đăng ký";
    e_has_ledger(path) "{path} exists already; a restore never overwrites a ledger" "{path} đã có; khôi phục không bao giờ ghi đè sổ";
    e_no_number(code, number) "the ledger here has no entry {number} of {code}" "sổ tại đây không có mục {number} của {code}";
    e_other_code(enrolment, code) "the enrolment is of {enrolment}, not of {code}" "bản ghi danh là của {enrolment}, không phải {code}";
    e_json_output() "with --json the packet cannot go to standard output; give -o FILE or --attachments DIR"
        "với --json không thể in gói tin ra màn hình; hãy dùng -o FILE hoặc --attachments DIR";
    e_binary_terminal() "the packet would go to the terminal; give -o FILE" "gói tin sẽ in ra màn hình; hãy dùng -o FILE";
    e_unexpected() "the node answered something else than was asked; is it of another version?"
        "nút trả lời không đúng câu hỏi; có phải khác phiên bản?";
    e_system_exists(id) "there is a system {id} already; `congvan system rotate` gives it another secret"
        "đã có hệ thống {id}; dùng `congvan system rotate` để đổi khóa bí mật";
    e_system_unknown(id) "there is no system {id}" "không có hệ thống {id}";
    e_system_id(id) "{id} is no system id: letters, digits, '.', '-' and '_', at most 64"
        "{id} không phải mã hệ thống: chỉ gồm chữ, số, '.', '-' và '_', tối đa 64";
    e_system_secret(len, min, max) "a secret has {min} to {max} bytes, without blanks or control characters; this has {len}"
        "khóa bí mật có từ {min} đến {max} byte, không có khoảng trắng; khóa này có {len}";
    e_token_exists(name) "there is a token {name} already; `congvan token remove {name}` first"
        "đã có mã truy cập {name}; hãy `congvan token remove {name}` trước";
    e_token_unknown(name) "there is no token {name}" "không có mã truy cập {name}";
    e_token_name(name, max) "{name} is no token name: letters, digits, '.', '-' and '_', at most {max}"
        "{name} không phải tên mã truy cập: chỉ gồm chữ, số, '.', '-' và '_', tối đa {max}";
    e_token_scope(scope, all) "{scope} is no scope; there are: {all}" "{scope} không phải phạm vi; các phạm vi: {all}";
    e_two_changes() "a proposal holds one change: propose `rotate` without --nodes, and `nodes` after it"
        "mỗi đề nghị chỉ có một thay đổi: đề nghị `rotate` không có --nodes, sau đó đề nghị `nodes`";
    e_proposal(path, error) "{path} is no proposal of the roster: {error}" "{path} không phải đề nghị về danh bạ: {error}";
    e_not_request(path) "{path} is no request to certify a key: make one with `congvan certificate request`"
        "{path} không phải yêu cầu gắn chứng thư: hãy tạo bằng `congvan certificate request`";
    e_certificate(points) "the certificate is refused: {points}" "chứng thư bị từ chối: {points}";
    e_proof_length(path, len, max) "{path} has {len} bytes; a signature has at most {max}"
        "{path} có {len} byte; chữ ký có nhiều nhất {max}";
    n_certificate() "see docs/certificates.md; the agency makes the request anew" "xem docs/certificates.md; cơ quan tạo lại yêu cầu";
    n_stale() "make it anew: `congvan roster propose`, after importing the newest roster here"
        "tạo lại: `congvan roster propose`, sau khi nhập danh bạ mới nhất tại đây";
    n_behind() "`congvan ledger import` the newest roster here first" "hãy `congvan ledger import` danh bạ mới nhất tại đây trước";
    n_not_in_office() "ask the registrars to add it: `congvan roster registrars --add KEY`"
        "đề nghị các khóa đăng ký thêm: `congvan roster registrars --add KHÓA`";
    n_too_few() "pass the change round: `congvan roster propose`, `approve`, `submit`"
        "chuyển thay đổi cho nhau: `congvan roster propose`, `approve`, `submit`";
    e_changed(path) "{path} changed while it was read" "{path} đã thay đổi trong lúc đọc";
    e_user_exists(name) "there is a user {name} already; `congvan user password` gives another password"
        "đã có người dùng {name}; dùng `congvan user password` để đổi mật khẩu";
    e_user_unknown(name) "there is no user {name}" "không có người dùng {name}";
    e_user_name(name) "{name} is no user name: letters a-z, digits, '.', '-' and '_', at most 64"
        "{name} không phải tên người dùng: chữ a-z, số, '.', '-' và '_', tối đa 64";
    e_user_role(role) "{role} is no role; they are clerk and viewer" "{role} không phải vai trò; chỉ có clerk (văn thư) và viewer (chỉ xem)";
    e_user_password(min, max) "a password has at least {min} characters and at most {max} bytes" "mật khẩu có ít nhất {min} ký tự và nhiều nhất {max} byte";
    e_export_where() "say where to: -o FILE or --tiles DIR" "hãy cho biết nơi ghi: -o TỆP hoặc --tiles THƯ_MỤC";
    e_no_checkpoint(agency) "the chain of {agency} has no checkpoint yet: nothing says what its log holds"
        "chuỗi của {agency} chưa có điểm kiểm nào: chưa có gì xác nhận nội dung nhật ký";
    e_not_a_log(dir) "{dir} is not empty and has no log in it that could be continued"
        "{dir} không trống và không có nhật ký nào để ghi tiếp";
    e_other_log(dir, theirs, ours) "{dir} has the log {theirs}, not {ours}" "{dir} chứa nhật ký {theirs}, không phải {ours}";
    e_longer_log(dir, theirs, ours) "{dir} has {theirs} entries, and the last checkpoint here is over {ours}"
        "{dir} có {theirs} mục, còn điểm kiểm cuối tại đây chỉ gồm {ours} mục";
    e_other_history(dir, agency, size) "{dir} has another history of {agency} than this ledger in its first {size} entries: keep both, they show that the agency said two things"
        "{dir} có lịch sử của {agency} khác với sổ này trong {size} mục đầu: hãy giữ cả hai, đó là bằng chứng cơ quan đã nói hai điều khác nhau";
    e_false_checkpoint(agency, at, size) "checkpoint {at} of {agency} is of another history than the {size} entries it is over: nothing can be shown under it"
        "điểm kiểm số {at} của {agency} không khớp với {size} mục mà nó bao gồm: không thể chứng minh gì theo nó";
    n_no_checkpoint() "its running node writes one within a minute, once it has entries; then try again"
        "nút đang chạy của cơ quan đó ghi điểm kiểm trong vòng một phút khi đã có mục; hãy thử lại sau đó";
    n_new_log() "give another directory" "hãy chọn thư mục khác";
    n_older_ledger() "export from a ledger that is as new as the log" "hãy xuất từ sổ mới bằng nhật ký";
    n_users() "see `congvan user list`" "xem `congvan user list`";
    n_tokens() "see `congvan token list`" "xem `congvan token list`";
    n_systems() "see `congvan system list`" "xem `congvan system list`";
    n_file() "check the path and who may read it" "kiểm tra đường dẫn và quyền đọc";
    n_unknown() "see `congvan roster list`; --to gives other addressees" "xem `congvan roster list`; dùng --to để chọn nơi nhận khác";
    n_offline() "start congvan-node; or, if no peer can be asked, repeat with --offline"
        "hãy chạy congvan-node; hoặc nếu không hỏi được nút nào, thêm --offline";
    n_start() "start it: congvan-node --config node.toml; or give --dir" "hãy chạy: congvan-node --config node.toml; hoặc dùng --dir";
    n_later() "try again later" "hãy thử lại sau";
    n_give_id() "give the document's id too: congvan status ID --packet FILE" "hãy ghi thêm mã: congvan status ID --packet FILE";
    n_passphrase() "give --passphrase-file FILE or CONGVAN_PASSPHRASE" "dùng --passphrase-file FILE hoặc CONGVAN_PASSPHRASE";
    n_dir() "give --dir DIR, or set CONGVAN_DIR" "dùng --dir DIR hoặc đặt CONGVAN_DIR";
    n_bound() "shorten it, or put it into an attachment" "hãy rút ngắn, hoặc để vào tệp kèm";
    n_last() "`congvan ledger import` a newer ledger here first, or give another --last" "hãy `congvan ledger import` sổ mới hơn, hoặc chọn --last khác";
    n_new_dir() "give another --dir, or move that directory away" "chọn --dir khác, hoặc chuyển thư mục đó đi";
    n_is_registrar() "commands on documents need an agency's directory: --dir" "lệnh về văn bản cần thư mục của cơ quan: --dir";
    n_roster_dir() "`roster` changes need the registrar's directory: --dir" "thay đổi danh bạ cần thư mục của cơ quan đăng ký: --dir";
}

impl Lang {
    /// Of two texts that say the same, the one in this language.
    pub(crate) fn either(self, english: &str, vietnamese: &str) -> String {
        match self {
            Self::En => english.to_owned(),
            Self::Vi => vietnamese.to_owned(),
        }
    }
}

/// What a standing is called.
pub(crate) fn standing(lang: Lang, standing: &str) -> String {
    match standing {
        "active" => lang.active(),
        "suspended" => lang.is_suspended(),
        "closed" => lang.is_closed(),
        other => other.to_owned(),
    }
}

/// What a right is called.
pub(crate) fn right_name(lang: Lang, right: &str) -> String {
    match right {
        "publish" => lang.right_publish(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_say_the_same_thing() {
        assert_eq!(Lang::En.sent(7), "Sent: number 7.");
        assert_eq!(Lang::Vi.sent(7), "Đã gửi: số 7.");
    }
}
