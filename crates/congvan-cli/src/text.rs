//! Every sentence that a clerk, a technician or an auditor reads from the command line, in both
//! languages side by side. What the crates below say of an error stays in English.

use std::fmt::Display;

use clap::Command;

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
    other_nodes() "The enrolment names other nodes than the roster; add --nodes to put these in their place."
        "Bản ghi danh có nút khác với danh bạ; thêm --nodes để thay.";
    ends_after(number) "what stands ends at number {number}" "phần còn hiệu lực kết thúc ở số {number}";
    ends_none() "no entry of it stands" "không mục nào còn hiệu lực";
    sent(number) "Sent: number {number}." "Đã gửi: số {number}.";
    reported(status, meaning) "Reported: {status}, {meaning}." "Đã báo trạng thái: {status}, {meaning}.";
    other_sender(named, own) "The packet names {named} as its sender; this is {own}."
        "Gói tin ghi bên gửi là {named}; đây là {own}.";
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
    system_once() "The secret is shown once; give it to the vendor on a safe way." "Khóa bí mật chỉ hiện một lần; hãy giao cho nhà cung cấp một cách an toàn.";
    system_other(codes, own) "this node sends and receives for {own} alone; {codes} matters to it only where it registers"
        "nút này chỉ gửi và nhận cho {own}; {codes} chỉ có ý nghĩa khi đăng ký";

    // Headings and fields.
    h_system() "system" "hệ thống";
    h_secret() "secret" "khóa bí mật";
    h_since() "secret since" "khóa từ lúc";
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

    due_received() "What this agency has to do:" "Việc cơ quan này phải làm:";
    due_sent() "What others owe this agency:" "Việc nơi khác chưa làm cho cơ quan này:";
    h_until() "until" "hạn";
    h_by() "by" "nơi nhận";
    h_lateness() "state" "tình trạng";
    h_step() "what" "việc";
    overdue() "overdue" "quá hạn";
    due_soon() "due soon" "sắp đến hạn";
    due_later() "later" "còn hạn";
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

    // The audit.
    audit_genuine(entries, signatures) "GENUINE: {entries} entries, {signatures} signatures checked."
        "CHÍNH XÁC: {entries} mục, đã kiểm {signatures} chữ ký.";
    audit_violations(count) "NOT GENUINE: {count} violations." "KHÔNG CHÍNH XÁC: {count} vi phạm.";
    audit_violation(agency, number, reason) "agency {agency}, number {number}: {reason}"
        "cơ quan {agency}, số {number}: {reason}";
    audit_note(agency, number, document, reason) "note: agency {agency}, number {number}, about document {document}: {reason}"
        "lưu ý: cơ quan {agency}, số {number}, về văn bản {document}: {reason}";
    audit_remark(what) "note: {what}" "lưu ý: {what}";
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
    e_changed(path) "{path} changed while it was read" "{path} đã thay đổi trong lúc đọc";
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

/// What a standing is called.
pub(crate) fn standing(lang: Lang, standing: &str) -> String {
    match standing {
        "active" => lang.active(),
        "suspended" => lang.is_suspended(),
        "closed" => lang.is_closed(),
        other => other.to_owned(),
    }
}

/// What each command does, in Vietnamese; the English is in `args.rs`, where clap finds it.
const ABOUT: &[(&str, &str)] = &[
    ("", "Văn bản điện tử trên một sổ mà mọi cơ quan cùng giữ và ai cũng kiểm được."),
    ("network", "Lập mạng"),
    ("network create", "Lập mạng trong --dir: genesis, các khóa đăng ký và danh bạ trống"),
    ("agency", "Tạo thư mục của cơ quan, hoặc thay khóa"),
    ("agency create", "Tạo thư mục của cơ quan trong --dir: khóa, sổ trống và bản ghi danh"),
    ("agency rotate-key", "Thay khóa của cơ quan này"),
    ("roster", "Danh bạ cơ quan: lệnh của cơ quan đăng ký"),
    ("roster admit", "Kết nạp một cơ quan"),
    ("roster suspend", "Tạm dừng một cơ quan"),
    ("roster reinstate", "Cho cơ quan bị tạm dừng hoạt động lại"),
    ("roster close", "Đóng hẳn chuỗi của một cơ quan"),
    ("roster rotate", "Cấp khóa mới cho một cơ quan"),
    ("roster revoke", "Thu hồi khóa bị mất hoặc bị lộ, kể từ sau một số"),
    ("roster resolve", "Chọn mục có hiệu lực khi một cơ quan đã ký hai mục cùng số"),
    ("roster list", "Liệt kê cơ quan; dùng được cả ở thư mục của nút"),
    ("system", "Các phần mềm được thay mặt cơ quan này qua HTTP, và khóa bí mật của chúng"),
    ("system add", "Cho một phần mềm thay mặt cơ quan này; in khóa bí mật mới, một lần"),
    ("system list", "Liệt kê các hệ thống; không hiện khóa bí mật"),
    ("system rotate", "Đổi khóa bí mật của một hệ thống; khóa cũ hết giá trị ngay"),
    ("system remove", "Không cho một hệ thống thay mặt ai nữa"),
    ("send", "Gửi văn bản"),
    ("inbox", "Liệt kê văn bản đến, mới nhất trước"),
    ("outbox", "Liệt kê văn bản đi, mới nhất trước"),
    ("show", "Xem một văn bản, diễn biến và bằng chứng của nó"),
    ("due", "Liệt kê việc đến hạn: của cơ quan này, và của nơi khác đối với cơ quan này"),
    ("status", "Báo trạng thái xử lý văn bản"),
    ("export", "Xuất văn bản thành gói edXML và các tệp kèm"),
    ("wait", "Chờ đến khi văn bản và mọi tệp kèm đến đủ"),
    ("events", "Những gì đã xảy ra, cho một bên nhận có tên, không mất gì"),
    ("ledger", "Toàn bộ sổ trong một tệp"),
    ("ledger export", "Xuất toàn bộ sổ ra một tệp: cho kiểm toán, hoặc cho nút không có đường truyền"),
    ("ledger import", "Nhận một sổ đã xuất; mọi thứ trong đó đều được kiểm"),
    ("backup", "Sao lưu sổ nhất quán, kể cả khi nút đang chạy"),
    ("restore", "Khôi phục sổ vào --dir, nơi chưa có sổ"),
    ("audit", "Kiểm sổ có chính xác, đầy đủ, không bị sửa; không cần tin nút nào"),
    ("peers", "Liệt kê các nút đang kết nối"),
    ("doctor", "Tìm những việc cần làm; thoát với mã 1 nếu có"),
    ("fingerprint", "Xem dấu vân tay của mạng, để so qua điện thoại"),
    ("completions", "In phần tự hoàn thành lệnh cho shell"),
];

/// Puts a language's descriptions into the help of every command.
pub(crate) fn localize(command: Command, lang: Lang) -> Command {
    match lang {
        Lang::En => command,
        Lang::Vi => describe(command, ""),
    }
}

fn describe(mut command: Command, path: &str) -> Command {
    if let Some((_, about)) = ABOUT.iter().find(|(name, _)| *name == path) {
        command = command.about(*about);
    }
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        let path = if path.is_empty() { name.clone() } else { format!("{path} {name}") };
        command = command.mut_subcommand(name, |sub| describe(sub, &path));
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn every_command_is_described_in_vietnamese() {
        fn check(command: &Command, path: &str) {
            assert!(ABOUT.iter().any(|(name, _)| *name == path), "{path:?} has no Vietnamese description");
            for sub in command.get_subcommands() {
                check(sub, format!("{path} {}", sub.get_name()).trim());
            }
        }
        check(&crate::args::Cli::command(), "");
    }

    #[test]
    fn both_languages_say_the_same_thing() {
        assert_eq!(Lang::En.sent(7), "Sent: number 7.");
        assert_eq!(Lang::Vi.sent(7), "Đã gửi: số 7.");
    }
}
