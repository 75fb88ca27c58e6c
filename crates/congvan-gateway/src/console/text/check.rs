//! The words of the page on which the browser checks a proof. Names in braces are filled in by the browser, see
//! [`super::super::check`].

use super::Lang;

texts! {
    check() "Kiểm bằng chứng" "Check a proof";
    check_what() "Dán vào đây bằng chứng rút gọn của một văn bản. Trình duyệt tự tính và nói rõ điều gì đã được chứng minh, điều gì chưa."
        "Paste the compact proof of a document here. This browser does the computing, and says what is proven and what is not.";
    check_text() "Bằng chứng rút gọn (bắt đầu bằng congvan-proof:)" "Compact proof (it begins with congvan-proof:)";
    check_stays() "Đoạn này không rời khỏi trình duyệt; máy Công văn chỉ được hỏi khóa của các cơ quan nêu trong đó."
        "It does not leave this browser; this machine is asked only for the keys of the agencies in it.";
    check_now() "Kiểm" "Check";
    check_needs_script() "Trang này cần JavaScript, vì chính trình duyệt kiểm bằng chứng. Hãy bật JavaScript cho địa chỉ này, hoặc nhờ kỹ thuật viên dùng lệnh congvan prove và congvan check."
        "This page needs JavaScript, for it is the browser that checks the proof. Allow it for this address, or ask your technician to use the commands congvan prove and congvan check.";

    // Beside a document.
    compact() "Bằng chứng rút gọn" "Compact proof";
    compact_what() "Đoạn này chứng minh văn bản đã được gửi, mà không nêu nội dung và nơi nhận. Ai trong mạng cũng kiểm được."
        "This text proves that the document was sent, without its content and recipients. Anybody in the network can check it.";
    copy() "Sao chép" "Copy";
    copied() "Đã sao chép" "Copied";
    check_here() "Kiểm bằng trình duyệt" "Check it in the browser";

    // The verdict.
    verdict_good() "Bằng chứng đúng" "The proof holds";
    verdict_bad() "Bằng chứng sai" "The proof does not hold";
    verdict_bad_next() "Nó không chứng minh được gì. Hãy xin lại đoạn này từ nơi lập ra; nếu vẫn vậy, hãy gọi điện hỏi nơi gửi văn bản."
        "It proves nothing. Ask whoever made it for the text again; if it stays so, telephone the sender of the document.";
    verdict_unable() "Chưa kiểm được" "It cannot be checked here";
    verdict_proven() "Đã chứng minh" "Proven";
    verdict_not_proven() "Chưa chứng minh" "Not proven";
    verdict_trusted() "Lấy từ danh bạ của máy này" "Taken from this machine's roster";
    verdict_trusted_what() "Trình duyệt tự tính mọi điều khác. Ai không muốn tin cả những điều này thì dùng lệnh congvan prove và congvan check: chỉ cần mã của mạng."
        "All else this browser computed. Whoever would not trust even these uses the commands congvan prove and congvan check: they need the network's fingerprint alone.";
    verdict_look() "Tìm văn bản này trên máy" "Look for this document on this machine";

    proven_genuine(number, name, code) "Văn bản thật: số {number} trong sổ của {name} ({code}), ký bằng khóa của chính cơ quan này ở số đó."
        "It is genuine: number {number} of {name} ({code}), signed by the key that was this agency's at that number.";
    proven_content(length, digest) "Nội dung như đã gửi qua mạng dài {length} byte, mã băm {digest}: nội dung khác không khớp mã này."
        "What went through the network has {length} bytes and the digest {digest}: nothing else fits it.";
    proven_covered(size, name) "Văn bản nằm trong {size} mục đầu của sổ mà {name} đã chốt và ký."
        "It is among the first {size} entries of the ledger of {name}, by a checkpoint that this agency signed.";
    proven_witnessed(time, names, needed) "Văn bản có chậm nhất từ {time}, và từ đó không mục nào trước nó bị sửa: {names} đã chứng kiến (mạng yêu cầu {needed})."
        "It existed on {time} at the latest, and nothing before it was changed since: witnessed by {names} ({needed} asked).";

    open_content() "Văn bản nói gì và gửi đến ai: đoạn này không nêu." "What it says and to whom it was sent: this text does not show that.";
    open_time(time) "Văn bản được lập lúc {time}: đó là lời của nơi gửi." "That it was written on {time}: that is its sender's word.";
    open_time_wrong(time) "Thời điểm ghi trên văn bản, {time}, là sai: các cơ quan chứng kiến đã thấy nó trước đó." "The time that it states, {time}, is wrong: witnesses saw it before.";
    open_nobody_asked() "Văn bản có từ khi nào: mạng này chưa chỉ định cơ quan chứng kiến." "Since when it existed: this network names no witnesses.";
    open_uncovered() "Văn bản có từ khi nào: lúc lập bằng chứng này, sổ chưa được chốt. Hãy lập lại sau." "Since when it existed: no checkpoint covered it when this proof was made. Make it again later.";
    open_unwitnessed(seen, needed) "Văn bản có từ khi nào: lúc lập bằng chứng này mới có {seen} trên {needed} cơ quan chứng kiến cần có."
        "Since when it existed: {seen} of the {needed} witnesses asked for had signed when this proof was made.";
    open_branch(number) "Văn bản thuộc lịch sử được công nhận: cơ quan quản lý mạng đã chỉ định mục số {number}, và đoạn này không dẫn đến đó."
        "That it is of the history that stands: the registrar named the entry with number {number}, and this text does not lead there.";
    open_later() "Những gì xảy ra sau đó: tiếp nhận, thu hồi, thay thế, trả lời." "What happened since: whether it was accepted, recalled, replaced or answered.";

    trusted_key(key, name, code, from) "Khóa {key} là của {name} ({code}) từ số {from} trở đi." "That the key {key} is that of {name} ({code}) from number {from} on.";
    trusted_witnesses(needed, named) "Mạng yêu cầu {needed} trong {named} cơ quan chứng kiến, và khóa của họ." "That the network asks for {needed} of {named} witnesses, and which keys are theirs.";
    trusted_whole(name) "Máy này không thấy sổ của {name} tự mâu thuẫn trước hoặc tại số này." "That this machine knows of no contradiction in the ledger of {name} up to this number.";
    trusted_network(name, fingerprint, roster) "Mạng {name} có mã {fingerprint} (danh bạ đến mục {roster}). Hãy so với mã mà cơ quan quản lý mạng cho bằng đường khác."
        "That the network {name} has the fingerprint {fingerprint} (the roster up to number {roster}). Compare it with the one that the registrar gave you by another way.";

    // Which part of a proof does not hold.
    fault_text() "Đoạn này không trọn vẹn hoặc đã bị sửa. Hãy sao chép lại toàn bộ." "The text is not whole, or was altered. Copy all of it again.";
    fault_network(network) "Văn bản thuộc một mạng khác, mã {network}." "The document belongs to another network, {network}.";
    fault_agency(chain) "Danh bạ không có cơ quan nào có sổ {chain}." "The roster knows no agency with the ledger {chain}.";
    fault_key(name, number) "Khóa đã ký văn bản không phải là khóa của {name} ở số {number}." "The key that signed the document is not that of {name} at number {number}.";
    fault_signature(name) "Chữ ký của {name} dưới văn bản không đúng: văn bản đã bị sửa hoặc bị giả." "The signature of {name} under the document does not hold: it was altered or made up.";
    fault_limit(name, limit) "Cơ quan quản lý mạng đã cho sổ của {name} kết thúc ở số {limit}." "The registrar lets the ledger of {name} end at number {limit}.";
    fault_pinned(number) "Cơ quan quản lý mạng đã chỉ định một mục khác cho số {number}." "The registrar named another entry for number {number}.";
    fault_kind() "Mục này không phải là văn bản." "The entry is no document.";
    fault_quarantined(name, from) "Sổ của {name} tự mâu thuẫn từ số {from}; từ đó không gì có giá trị cho đến khi cơ quan quản lý mạng quyết định."
        "The ledger of {name} contradicts itself from number {from} on; nothing from there on counts until the registrar decides.";
    fault_place(at, size) "Lần chốt sổ sai chỗ: mục số {at} không thể chốt {size} mục." "The checkpoint is out of place: entry {at} cannot cover {size} entries.";
    fault_inclusion(size) "Văn bản không nằm trong {size} mục đã chốt: đường dẫn đến gốc băm không đúng." "The document is not among the {size} entries of the checkpoint: the path to its root does not hold.";
    fault_checkpoint(code) "Chữ ký của {code} dưới lần chốt sổ không đúng." "The signature of {code} under the checkpoint does not hold.";
    fault_continued() "Lần chốt sổ sau không nối tiếp lần trước." "The later checkpoint does not continue the earlier one.";
    fault_pin(number) "Mục số {number}, mà cơ quan quản lý mạng đã chỉ định, không nằm trong sổ đã chốt." "Entry {number}, which the registrar named, is not under the checkpoint.";
    fault_witness(name) "Chữ ký chứng kiến của {name} không đúng." "The signature of the witness {name} does not hold.";

    // Why nothing can be said.
    unable_insecure() "Trình duyệt chỉ kiểm được chữ ký trên trang https, hoặc ngay trên máy chạy Công văn (http://127.0.0.1). Hãy mở trang này theo một trong hai cách đó."
        "A browser checks signatures only on pages that come by https, or on the machine itself (http://127.0.0.1). Open this page in one of these ways.";
    unable_browser() "Trình duyệt này không kiểm được chữ ký Ed25519. Hãy cập nhật: Chrome hoặc Edge từ 137, Firefox từ 129, Safari từ 17."
        "This browser cannot check Ed25519 signatures. Update it: Chrome or Edge from 137 on, Firefox from 129, Safari from 17.";
    unable_roster() "Không lấy được khóa từ máy Công văn. Hãy tải lại trang, đăng nhập lại nếu được hỏi, rồi thử lại."
        "The keys could not be fetched from this machine. Load the page again, log in if you are asked to, and try again.";
}
