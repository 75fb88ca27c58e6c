//! What each command does, for its help in Vietnamese.

use clap::Command;

use super::Lang;

/// What each command does, in Vietnamese; the English is in `args.rs`, where clap finds it.
const ABOUT: &[(&str, &str)] = &[
    ("", "Văn bản điện tử trên một sổ mà mọi cơ quan cùng giữ và ai cũng kiểm được."),
    ("network", "Lập mạng"),
    ("network create", "Lập mạng trong --dir: genesis, các khóa đăng ký và danh bạ trống"),
    ("agency", "Tạo thư mục của cơ quan, hoặc thay khóa"),
    ("agency create", "Tạo thư mục của cơ quan trong --dir: khóa, sổ trống và bản ghi danh"),
    ("agency enrol", "Ghi danh bằng mã dùng một lần của cơ quan đăng ký: tạo thư mục --dir, nút chạy được ngay"),
    ("agency rotate-key", "Thay khóa của cơ quan này"),
    ("roster", "Danh bạ cơ quan: lệnh của cơ quan đăng ký"),
    ("certificate", "Chứng thư X.509 xác nhận khóa của cơ quan"),
    ("certificate challenge", "Ghi ra nội dung mà khóa của chứng thư phải ký, và cách ký"),
    ("certificate request", "Gắn chứng thư với khóa của cơ quan này, trong một tệp cho cơ quan đăng ký"),
    ("certificate show", "Xem chứng thư của các cơ quan: chuỗi tin cậy, hiệu lực và điều chưa kiểm được"),
    ("roster nodes", "Thay các nút của một cơ quan theo bản ghi danh"),
    ("roster registrars", "Thay đổi các khóa đăng ký và số khóa cần cho mỗi thay đổi"),
    ("roster certify", "Ghi chứng thư của một cơ quan vào danh bạ"),
    ("roster propose", "Ghi một thay đổi vào tệp để các khóa đăng ký khác chấp thuận tại bàn của họ"),
    ("roster approve", "Xem đề nghị của khóa đăng ký khác và, với --yes, chấp thuận bằng khóa tại đây"),
    ("roster submit", "Đưa đề nghị đã đủ chấp thuận vào danh bạ"),
    ("roster desk", "Tạo thư mục cho một khóa đăng ký nữa trong --dir: khóa riêng và danh bạ trống"),
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
    ("user", "Những người được dùng trang web của nút này, và mật khẩu của họ"),
    ("user add", "Cho một người dùng trang web; in mật khẩu mới, một lần"),
    ("user list", "Liệt kê người dùng; không hiện mật khẩu"),
    ("user password", "Đổi mật khẩu; mật khẩu cũ và phiên đang mở hết giá trị ngay"),
    ("user remove", "Không cho một người dùng trang web nữa; phiên đang mở bị đóng ngay"),
    ("token", "Mã để phần mềm dùng giao diện HTTP"),
    ("token add", "Tạo mã truy cập; in mã, một lần"),
    ("token list", "Liệt kê các mã truy cập; không hiện mã"),
    ("token remove", "Hủy một mã truy cập; hết giá trị ngay"),
    ("send", "Gửi văn bản"),
    ("inbox", "Liệt kê văn bản đến, mới nhất trước"),
    ("outbox", "Liệt kê văn bản đi, mới nhất trước"),
    ("search", "Tìm văn bản theo từ ngữ, có dấu hay không dấu"),
    ("show", "Xem một văn bản, diễn biến và bằng chứng của nó"),
    ("due", "Liệt kê việc đến hạn: của cơ quan này, và của nơi khác đối với cơ quan này"),
    ("status", "Báo trạng thái xử lý văn bản"),
    ("export", "Xuất văn bản thành gói edXML và các tệp kèm"),
    ("prove", "Ghi bằng chứng về một văn bản ra một tệp tự kiểm được, kèm một trang để in"),
    ("check", "Kiểm một tệp bằng chứng: chứng minh được gì, chưa được gì, và có từ khi nào; không cần tin nút nào"),
    ("wait", "Chờ đến khi văn bản và mọi tệp kèm đến đủ"),
    ("events", "Những gì đã xảy ra, cho một bên nhận có tên, không mất gì"),
    ("roster witnesses", "Chỉ định các cơ quan chứng kiến và số chữ ký cần có"),
    ("erase", "Xóa nội dung văn bản của cơ quan này, tại mọi nút và vĩnh viễn"),
    ("roster erase", "Ra lệnh xóa nội dung văn bản của một cơ quan, tại mọi nút và vĩnh viễn"),
    ("roster retention", "Quy định thời hạn lưu giữ nội dung, và khi nào cơ quan ban hành xóa"),
    ("roster invite", "Mời một cơ quan: mã dùng một lần để cơ quan tự ghi danh, đọc qua điện thoại hoặc dán"),
    ("roster invitations", "Liệt kê giấy mời, hoặc hủy một giấy mời"),
    ("roster requests", "Liệt kê các ghi danh theo giấy mời còn chờ khóa đăng ký khác"),
    ("roster serve", "Mở bàn đăng ký: kết nạp qua mạng các cơ quan được mời, khi còn giấy mời chờ"),
    ("roster publish", "Đưa danh bạ cho một nút đang chạy; nút chuyển tiếp cho toàn mạng"),
    ("roster rights", "Cho hoặc thôi cho một cơ quan quyền công bố thủ tục"),
    ("catalogue", "Thủ tục hành chính do các cơ quan công bố"),
    ("catalogue list", "Liệt kê thủ tục"),
    ("catalogue show", "Xem một thủ tục và mọi thay đổi của nó"),
    ("catalogue publish", "Công bố thủ tục mới, hoặc thủ tục đã bãi bỏ"),
    ("catalogue amend", "Sửa một số trường của thủ tục"),
    ("catalogue retire", "Bãi bỏ thủ tục"),
    ("catalogue changes", "Thủ tục mới, sửa đổi (từng trường) và bãi bỏ kể từ một mốc"),
    ("catalogue load", "Đưa danh mục của cơ quan này về đúng như trong tệp CSV hoặc JSON"),
    ("ledger", "Toàn bộ sổ trong một tệp"),
    (
        "ledger export",
        "Xuất toàn bộ sổ ra một tệp, hoặc một chuỗi thành nhật ký minh bạch mà công cụ bên ngoài kiểm được",
    ),
    ("ledger import", "Nhận một sổ đã xuất; mọi thứ trong đó đều được kiểm"),
    ("backup", "Sao lưu sổ nhất quán, kể cả khi nút đang chạy"),
    ("restore", "Khôi phục sổ vào --dir, nơi chưa có sổ"),
    ("audit", "Kiểm sổ có chính xác, đầy đủ, không bị sửa; không cần tin nút nào"),
    ("peers", "Liệt kê các nút đang kết nối"),
    ("doctor", "Tìm những việc cần làm; thoát với mã 1 nếu có"),
    ("fingerprint", "Xem dấu vân tay của mạng, để so qua điện thoại"),
    ("man", "Ghi các trang hướng dẫn, mỗi lệnh một trang"),
    ("completions", "In phần tự hoàn thành lệnh cho shell"),
];

/// Puts a language's descriptions into the help of every command.
pub(crate) fn localize(command: Command, lang: Lang) -> Command {
    match lang {
        Lang::En => command,
        Lang::Vi => describe(command, ""),
    }
}

/// What a command does. A change is called the same when it is proposed.
fn about(path: &str) -> Option<&'static str> {
    let path = path.replace("roster propose ", "roster ");
    ABOUT.iter().find(|(name, _)| *name == path).map(|(_, about)| *about)
}

fn describe(mut command: Command, path: &str) -> Command {
    if let Some(about) = about(path) {
        command = command.about(about);
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
            assert!(about(path).is_some(), "{path:?} has no Vietnamese description");
            for sub in command.get_subcommands() {
                check(sub, format!("{path} {}", sub.get_name()).trim());
            }
        }
        check(&crate::args::Cli::command(), "");
    }
}
