//! What a bundle proves, and what not, in sentences of two languages.

use congvan_core::StatusCode;

use super::view::Claim;

/// What a status or a letter says, in English and in Vietnamese.
fn said_words(what: &str) -> (String, String) {
    let words = match what {
        "answers" => ("answered it by a letter", "trả lời bằng một văn bản"),
        "recalls" => ("recalled it by a letter", "thu hồi bằng một văn bản"),
        "updates" => ("updated it by a letter", "cập nhật bằng một văn bản"),
        "replaces" => ("replaced it by a letter", "thay thế bằng một văn bản"),
        digits => match digits.parse::<StatusCode>() {
            Ok(code) => {
                let english = format!("reported {code}, {}", code.english());
                return (english, format!("báo {code}, {}", code.vietnamese()));
            }
            Err(_) => ("spoke of it", "nói đến văn bản"),
        },
    };
    (words.0.to_owned(), words.1.to_owned())
}

impl Claim {
    /// In English; `time` writes milliseconds since 1970.
    pub fn english(&self, time: &dyn Fn(u64) -> String) -> String {
        match self {
            Self::SignedTwo { agency, number } => format!(
                "{agency} signed two different entries with number {number}: it told two stories. Both are in this file."
            ),
            Self::ShowedTwo { agency, size } => format!(
                "{agency} signed two different histories of its {size} first entries: it told two stories. Both checkpoints \
                 are in this file."
            ),
            Self::Genuine { agency, name, number } => format!(
                "It is genuine: number {number} in the chain of {agency} ({name}), signed by the key that was this agency's \
                 at that number."
            ),
            Self::Content => "The content shown here is what was signed, to the byte.".to_owned(),
            Self::Attachments { included, of } => {
                format!("The {included} of {of} attachments in this file are those that were signed, to the byte.")
            }
            Self::Addressed { to } => format!("It is addressed to {}.", to.join(", ")),
            Self::Named { agency, of: 1 } => {
                format!("It was sent to {agency}, its one addressee, by the sender's own signature.")
            }
            Self::Named { agency, of } => {
                format!("It was sent to {agency}, one of its {of} addressees, by the sender's own signature.")
            }
            Self::Witnessed { by, witnesses, needed } => format!(
                "It existed on {} at the latest, and nothing before it in the chain was changed since: witnessed by {} ({needed} \
                 are asked for).",
                time(by.saturating_mul(1000)),
                witnesses.join(", ")
            ),
            Self::Said { agency, number, what, witnessed } => {
                let since = witnessed.map(|by| format!(", witnessed by {}", time(by.saturating_mul(1000))));
                format!("{agency} {} (its number {number}{}).", said_words(what).0, since.unwrap_or_default())
            }
            Self::NotWitnessed { needed: 0, .. } => {
                "Since when it existed, and that the agency showed everybody the same: this \
                network names no witnesses."
                    .to_owned()
            }
            Self::NotWitnessed { covered: false, .. } => {
                "Since when it existed, and that the agency showed everybody the same: \
                no checkpoint covered it yet when this proof was made. Make it again later."
                    .to_owned()
            }
            Self::NotWitnessed { witnesses, needed, .. } => format!(
                "Since when it existed, and that the agency showed everybody the same: {witnesses} of the {needed} witnesses \
                 asked for had signed when this proof was made."
            ),
            Self::StatedTime { stated, ahead: true, .. } => {
                format!("The time that it states, {}, is wrong: witnesses saw it before.", time(*stated))
            }
            Self::StatedTime { stated, earlier_by: Some(seconds), .. } => format!(
                "That it was written at the time that it states, {}: that is its author's word, {} before the witnesses'.",
                time(*stated),
                span(*seconds, ["s", "min", "h", "days"])
            ),
            Self::StatedTime { stated, .. } => {
                format!("That it was written at the time that it states, {}: that is its author's word.", time(*stated))
            }
            Self::ContentWithheld => "What it says: the content is not shown here.".to_owned(),
            Self::AddresseesWithheld => {
                "To whom it was sent, besides what agencies themselves say below: the addressees are not shown here."
                    .to_owned()
            }
            Self::OthersWithheld { others: 1 } => {
                "To whom else it was sent: one other addressee is not shown here.".to_owned()
            }
            Self::OthersWithheld { others } => {
                format!("To whom else it was sent: the other {others} addressees are not shown here.")
            }
            Self::ReceiptNotShown { agency } => format!(
                "That {agency} received it: nothing that {agency} said about it is in this file. That the network delivered \
                 it there, as the sender signed, an audit of the ledger shows."
            ),
            Self::AttachmentsMissing { missing } => {
                format!("What {missing} attachments say: their digests are proven, their bytes are not in this file.")
            }
            Self::BranchOpen { agency, number } => format!(
                "That the entry of {agency} is of the history that stands: the registrar named the entry with number {number}, \
                 and this file does not lead there."
            ),
            Self::Later { roster } => format!(
                "What was said about it after this file was made, and what the registrar decided after number {roster} of the \
                 roster."
            ),
        }
    }

    /// In Vietnamese; `time` writes milliseconds since 1970.
    pub fn vietnamese(&self, time: &dyn Fn(u64) -> String) -> String {
        match self {
            Self::SignedTwo { agency, number } => {
                format!("{agency} đã ký hai mục khác nhau cùng số {number}: nói hai điều trái nhau. Cả hai đều có trong tệp này.")
            }
            Self::ShowedTwo { agency, size } => format!(
                "{agency} đã ký hai lịch sử khác nhau của {size} mục đầu chuỗi: nói hai điều trái nhau. Cả hai mốc kiểm tra đều \
                 có trong tệp này."
            ),
            Self::Genuine { agency, name, number } => {
                format!("Văn bản là thật: số {number} trong chuỗi của {agency} ({name}), ký bằng khóa của chính cơ quan này tại số đó.")
            }
            Self::Content => "Nội dung nêu ở đây đúng từng byte với nội dung đã ký.".to_owned(),
            Self::Attachments { included, of } => {
                format!("{included} trong {of} tệp đính kèm có trong tệp này đúng từng byte với tệp đã ký.")
            }
            Self::Addressed { to } => format!("Văn bản được gửi đến {}.", to.join(", ")),
            Self::Named { agency, of: 1 } => {
                format!("Văn bản được gửi đến {agency}, nơi nhận duy nhất, theo chữ ký của chính nơi gửi.")
            }
            Self::Named { agency, of } => {
                format!("Văn bản được gửi đến {agency}, một trong {of} nơi nhận, theo chữ ký của chính nơi gửi.")
            }
            Self::Witnessed { by, witnesses, needed } => format!(
                "Văn bản có chậm nhất là từ {}, và mọi mục trước nó trong chuỗi không bị sửa từ đó: có {} làm chứng (cần {needed}).",
                time(by.saturating_mul(1000)),
                witnesses.join(", ")
            ),
            Self::Said { agency, number, what, witnessed } => {
                let since = witnessed.map(|by| format!(", có chứng kiến từ {}", time(by.saturating_mul(1000))));
                format!("{agency} {} (số {number} của chuỗi này{}).", said_words(what).1, since.unwrap_or_default())
            }
            Self::NotWitnessed { needed: 0, .. } => {
                "Văn bản có từ khi nào, và cơ quan có cho mọi nơi thấy như nhau không: mạng này chưa nêu bên làm chứng nào.".to_owned()
            }
            Self::NotWitnessed { covered: false, .. } => "Văn bản có từ khi nào, và cơ quan có cho mọi nơi thấy như nhau không: \
                khi lập bằng chứng này chưa có mốc kiểm tra nào bao gồm nó. Hãy lập lại sau."
                .to_owned(),
            Self::NotWitnessed { witnesses, needed, .. } => format!(
                "Văn bản có từ khi nào, và cơ quan có cho mọi nơi thấy như nhau không: khi lập bằng chứng này mới có {witnesses} \
                 trong {needed} bên làm chứng cần có đã ký."
            ),
            Self::StatedTime { stated, ahead: true, .. } => {
                format!("Thời điểm ghi trên văn bản, {}, là sai: các bên làm chứng đã thấy nó trước đó.", time(*stated))
            }
            Self::StatedTime { stated, earlier_by: Some(seconds), .. } => format!(
                "Văn bản được lập đúng lúc nó ghi, {}: đó là lời của nơi gửi, sớm hơn lời các bên làm chứng {}.",
                time(*stated),
                span(*seconds, ["giây", "phút", "giờ", "ngày"])
            ),
            Self::StatedTime { stated, .. } => {
                format!("Văn bản được lập đúng lúc nó ghi, {}: đó là lời của nơi gửi.", time(*stated))
            }
            Self::ContentWithheld => "Văn bản nói gì: nội dung không được nêu ở đây.".to_owned(),
            Self::AddresseesWithheld => {
                "Văn bản gửi đến những ai, ngoài điều chính các cơ quan nêu ở đây: nơi nhận không được nêu.".to_owned()
            }
            Self::OthersWithheld { others } => {
                format!("Văn bản còn gửi đến những ai: {others} nơi nhận khác không được nêu ở đây.")
            }
            Self::ReceiptNotShown { agency } => format!(
                "{agency} đã nhận văn bản: trong tệp này không có điều gì {agency} nói về văn bản. Mạng có chuyển văn bản đến đó \
                 đúng như nơi gửi đã ký hay không, phải kiểm tra sổ cái mới biết."
            ),
            Self::AttachmentsMissing { missing } => {
                format!("{missing} tệp đính kèm nói gì: mã băm của chúng đã được chứng minh, còn nội dung không có trong tệp này.")
            }
            Self::BranchOpen { agency, number } => format!(
                "Mục của {agency} thuộc lịch sử được công nhận: cơ quan đăng ký đã chỉ định mục số {number}, và tệp này không dẫn đến đó."
            ),
            Self::Later { roster } => {
                format!("Những gì được nói về văn bản sau khi lập tệp này, và quyết định của cơ quan đăng ký sau số {roster} của danh bạ.")
            }
        }
    }
}

/// A span of time in its greatest unit.
fn span(seconds: u64, [s, min, h, days]: [&str; 4]) -> String {
    match seconds {
        0..120 => format!("{seconds} {s}"),
        120..7_200 => format!("{} {min}", seconds / 60),
        7_200..172_800 => format!("{} {h}", seconds / 3_600),
        _ => format!("{} {days}", seconds / 86_400),
    }
}
