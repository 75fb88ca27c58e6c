//! What can be typed after `congvan catalogue`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Offline;

/// `congvan catalogue …`
#[derive(Debug, Subcommand)]
pub(crate) enum Catalogue {
    /// List procedures
    #[command(after_help = "Examples:\n  congvan catalogue list --level commune --text 'khai sinh'\n  \
        congvan catalogue list --publisher 000.00.00.H55 --retired --json")]
    List(ProcedureList),
    /// Show a procedure and everything that was ever said of it
    #[command(
        after_help = "Examples:\n  congvan catalogue show 1.001193\n  congvan catalogue show 1.001193 --forms ./forms"
    )]
    Show {
        #[command(flatten)]
        procedure: ProcedureId,
        /// Write its forms as files into this directory
        #[arg(long, value_name = "DIR")]
        forms: Option<PathBuf>,
    },
    /// Publish a procedure that is new, or was retired
    #[command(
        after_help = "Examples:\n  congvan catalogue publish 1.001193 --set name='Đăng ký khai sinh' --set levels=commune \\\n      \
        --set fee=8000 --set forms=to-khai.pdf\n\nFields are those of `congvan catalogue load --help`."
    )]
    Publish(ProcedureEdit),
    /// Change some fields of a procedure
    #[command(
        after_help = "Examples:\n  congvan catalogue amend 1.001193 --set fee=10000 --set term='3 ngày làm việc'\n\n\
        Fields that are not set stay. Fields are those of `congvan catalogue load --help`."
    )]
    Amend(ProcedureEdit),
    /// Take a procedure out of the catalogue
    #[command(
        after_help = "Examples:\n  congvan catalogue retire 1.001193 --reason 'Quyết định 12/QĐ-UBND' --from 2026/07/01"
    )]
    Retire {
        /// The procedure's code
        code: String,
        /// Why
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
        /// From which day
        #[arg(long, value_name = "yyyy/MM/dd")]
        from: Option<String>,
        #[command(flatten)]
        offline: Offline,
    },
    /// What is new, changed field by field, or retired since a cursor
    #[command(
        after_help = "Examples:\n  congvan catalogue changes\n  congvan catalogue changes --since 1840 --json\n\n\
        The output ends with the cursor for the next time. Cursors are this node's own."
    )]
    Changes {
        /// The cursor that the last call ended with; 0 begins at the beginning
        #[arg(long, default_value_t = 0, value_name = "CURSOR")]
        since: u64,
        /// At most this many
        #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
    },
    /// Bring this agency's catalogue to what a file says
    #[command(after_help = "Examples:
  congvan catalogue load thu-tuc.csv --dry-run
  congvan catalogue load thu-tuc.csv
  congvan catalogue load thu-tuc.json --retire-missing --reason 'Quyết định 12/QĐ-UBND'

CSV: UTF-8, its first row names the columns, in English or Vietnamese:
  code (mã thủ tục), name (tên thủ tục), field (lĩnh vực), levels (cấp thực hiện), applicants (đối tượng thực hiện),
  fee (phí, lệ phí), online_payment (thanh toán trực tuyến), payment_channels (kênh thanh toán), legal_basis (căn cứ
  pháp lý), steps (trình tự thực hiện), forms (mẫu đơn, tờ khai), term (thời hạn giải quyết), result (kết quả thực
  hiện), in_force_from (hiệu lực từ), in_force_until (hiệu lực đến), office (cơ quan thực hiện), place (nơi tiếp nhận),
  online_service (dịch vụ công trực tuyến), online_url (địa chỉ nộp trực tuyến), by_post (bưu chính công ích),
  case_type (loại hồ sơ)
Items of a list stand on lines of their own, or with | between them; a payment channel is kind; url; account; a form is
a file's path, from the CSV's directory. Columns that are missing leave their fields as they are.
JSON: a list of objects with these names; lists are lists.

Nothing is written where any row has an error. A load that was interrupted writes the rest when it is run again.")]
    Load(Load),
}

/// `congvan catalogue list`
#[derive(Debug, Args)]
pub(crate) struct ProcedureList {
    /// Of this publisher alone
    #[arg(long, value_name = "CODE")]
    pub publisher: Option<String>,
    /// Of this level: province, district or commune
    #[arg(long)]
    pub level: Option<String>,
    /// Of this field of administration
    #[arg(long)]
    pub field: Option<String>,
    /// With this text in code or name
    #[arg(long)]
    pub text: Option<String>,
    /// In force on this day
    #[arg(long, value_name = "yyyy/MM/dd")]
    pub on: Option<String>,
    /// The retired ones too
    #[arg(long)]
    pub retired: bool,
    /// Go on behind the page before, which says this
    #[arg(long, value_name = "PLACE")]
    pub after: Option<String>,
    /// At most this many
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub limit: u16,
}

/// A procedure.
#[derive(Debug, Args)]
pub(crate) struct ProcedureId {
    /// The procedure's code
    pub code: String,
    /// Its publisher's code; needed where several published it
    #[arg(long, value_name = "CODE")]
    pub publisher: Option<String>,
}

/// `congvan catalogue publish`, `congvan catalogue amend`
#[derive(Debug, Args)]
pub(crate) struct ProcedureEdit {
    /// The procedure's code
    pub code: String,
    /// A field and what stands in it; may be repeated
    #[arg(long, value_name = "FIELD=VALUE", required = true)]
    pub set: Vec<String>,
    #[command(flatten)]
    pub offline: Offline,
}

/// `congvan catalogue load`
#[derive(Debug, Args)]
pub(crate) struct Load {
    /// A table (.csv) or a list (.json) of procedures
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Show what would change, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Retire what this agency has in the catalogue and the file does not have
    #[arg(long)]
    pub retire_missing: bool,
    /// Why the missing ones are retired
    #[arg(long, value_name = "TEXT", default_value = "", requires = "retire_missing")]
    pub reason: String,
    /// From which day they are retired
    #[arg(long, value_name = "yyyy/MM/dd", requires = "retire_missing")]
    pub from: Option<String>,
    #[command(flatten)]
    pub offline: Offline,
}
