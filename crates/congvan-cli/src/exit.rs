//! How a command ends: its exit code, and what it says when it fails.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use congvan::StartError;
use congvan::archive::TransferError;
use congvan::audit::{AuditError, FormerError};
use congvan::bundle::CheckError;
use congvan::certificate::FileError as CertificateFileError;
use congvan::control::SessionError;
use congvan::core::bundle::BundleError;
use congvan::core::codec::BoundError;
use congvan::core::enrol::Refusal;
use congvan::core::ids::NameError;
use congvan::core::invitation::CodeError;
use congvan::core::keyfile::KeyFileError;
use congvan::core::limits::{MAX_ATTACHMENT, MAX_ATTACHMENTS, MAX_CERTIFICATE_PROOF};
use congvan::core::status::NotAStatus;
use congvan::core::{AgencyCode, CodecError, RosterError};
use congvan::desk::{DeskError, PublishError};
use congvan::enrol::{CallError, EnrolError};
use congvan::erase::ErasedView;
use congvan::invitations::InvitationError;
use congvan::private_file::PrivateFileError;
use congvan::registrar::RegistrarError;
use congvan::setup::SetupError;
use congvan::store::{BackupError, OpenError, StoreError};
use congvan::systems::{MAX_SECRET, MIN_SECRET, SystemsError};
use congvan::tiles::TilesError;
use congvan::tokens::{MAX_NAME, Scope, TokensError};
use congvan::users::{MAX_PASSWORD, MIN_PASSWORD, UsersError};
use congvan_edxml::{AttachmentError, ExportError, ImportError};
use serde::Serialize;

use crate::output::Output;
use crate::text::{Lang, enrolment};

/// The exit codes of every command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done; of an audit: genuine.
    Done = 0,
    /// Refused by a rule, or something was found: a violation, something to do.
    Refused = 1,
    /// Something could not be read, or was typed wrong.
    Unreadable = 2,
    /// No node answers, or it cannot now: trying again may help.
    Later = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The running node, or the one opened here.
    Session(SessionError),
    /// Keys and directories.
    Setup(SetupError),
    /// The systems, or their file.
    Systems(SystemsError),
    /// The users, or their file.
    Users(UsersError),
    /// The tokens, or their file.
    Tokens(TokensError),
    /// Others may read a secret's file.
    SecretMode(PathBuf),
    /// The registrar's desk.
    Registrar(RegistrarError),
    /// Enrolling by a code.
    Enrol(EnrolError),
    /// A mistyped code.
    InvitationCode(CodeError),
    /// The desk, or its invitations.
    Desk(DeskError),
    /// A node that was to get the roster.
    Publish(PublishError),
    /// An exported ledger.
    Transfer(PathBuf, TransferError),
    /// A log for strangers' tools.
    Tiles(TilesError),
    /// A former audit's result that is of no use.
    Former(PathBuf, FormerError),
    /// An audit that could not read what it was to compare.
    Audit(AuditError),
    /// A proof that does not hold, or cannot be read.
    Bundle(PathBuf, CheckError),
    /// A ledger does not open.
    Open(OpenError),
    /// A ledger cannot be read.
    Store(StoreError),
    /// A backup, or a restore.
    Backup(BackupError),
    /// A file.
    File(PathBuf, io::Error),
    /// Standard output.
    Output(io::Error),
    /// A packet that cannot become a document or a status.
    Packet(PathBuf, ImportError),
    /// A document that cannot become a packet.
    Export(ExportError),
    /// An attachment in a ZIP.
    Zip(String, AttachmentError),
    /// A field over its bound.
    Bound(&'static str, BoundError),
    /// A code that is none.
    Code(&'static str, NameError),
    /// A status code that is none.
    Status(NotAStatus),
    /// What the node sent is malformed.
    Malformed(CodecError),
    /// Agencies that the roster does not know.
    UnknownAgencies(Vec<String>),
    /// The packet has no addressee.
    NoAddressee,
    /// A status packet where a document was due.
    StatusPacket(PathBuf),
    /// No document fits a status packet.
    NoDocument(String),
    /// Several do.
    SeveralDocuments(Vec<String>),
    /// An attachment over the bound.
    AttachmentSize(PathBuf, u64),
    /// Too many of them.
    Attachments(usize),
    /// A directory where a file is due.
    NotAFile(PathBuf),
    /// An encrypted key file and nobody to ask.
    NeedsPassphrase(PathBuf),
    /// A passphrase typed twice, differently.
    PassphraseDiffers,
    /// Nothing typed.
    PassphraseEmpty,
    /// Others may read the passphrase's file.
    PassphraseMode(PathBuf),
    /// No node runs.
    NotRunning(PathBuf),
    /// No ledger.
    NoLedger(PathBuf),
    /// A ledger where none may be.
    HasLedger(PathBuf),
    /// The ledger here does not reach that number.
    NoNumber(AgencyCode, u64),
    /// An enrolment of somebody else.
    OtherCode(AgencyCode, AgencyCode),
    /// Two changes in one proposal.
    TwoChanges,
    /// A file that is no proposal.
    Proposal(PathBuf, CodecError),
    /// A file that is no request to certify.
    NotARequest(PathBuf),
    /// A certificate that does not hold: what fails, in words.
    Certificate(Vec<String>),
    /// Certificates in a file.
    Certificates(CertificateFileError),
    /// A proof over the bound.
    ProofLength(PathBuf, usize),
    /// A file of procedures with errors, each said where it is.
    Load(PathBuf, Vec<String>),
    /// A word for a field of a procedure that is none.
    Procedure(String),
    /// An enrolment that asks for rights.
    AsksForRights(AgencyCode),
    /// A packet and a JSON document on one standard output.
    JsonOutput,
    /// A packet on a terminal.
    BinaryTerminal,
    /// Root could not become the directory's owner.
    Owner(PathBuf, io::Error),
    /// A document without its content.
    Erased(Box<ErasedView>),
    /// A reply of another kind.
    Unexpected,
    /// A configuration that cannot be read.
    Config(PathBuf, String),
    /// Wrong words on the command line; clap has said which.
    Usage(String),
}

impl Failure {
    /// A file's failure.
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |error| Self::File(path.to_owned(), error)
    }

    /// What is wrong, and where.
    pub(crate) fn message(&self, lang: Lang) -> String {
        match self {
            Self::Session(SessionError::Node { message_vi: Some(message), .. }) if lang == Lang::Vi => message.clone(),
            Self::Session(error) => error.to_string(),
            Self::Setup(error) => error.to_string(),
            Self::Systems(error) => system_error(error, lang),
            Self::Users(error) => user_error(error, lang),
            Self::Tokens(error) => token_error(error, lang),
            Self::SecretMode(path) => lang.d_passphrase_mode(path.display()),
            Self::Registrar(error) => error.to_string(),
            Self::Enrol(error) => enrolment::error(error, lang),
            Self::InvitationCode(error) => enrolment::code_error(error, lang),
            Self::Desk(error) => enrolment::desk_error(error, lang),
            Self::Publish(error) => error.to_string(),
            Self::Transfer(path, error) => lang.e_file(path.display(), error),
            Self::Tiles(error) => tiles_error(error, lang),
            Self::Bundle(path, CheckError::Bundle(error)) => lang.e_refuted(path.display(), error),
            Self::Former(path, error) => lang.e_former(path.display(), error),
            Self::Audit(error) => error.to_string(),
            Self::Bundle(path, error) => lang.e_file(path.display(), error),
            Self::Open(error) => error.to_string(),
            Self::Store(error) => error.to_string(),
            Self::Backup(error) => error.to_string(),
            Self::File(path, error) => lang.e_file(path.display(), error),
            Self::Output(error) => lang.e_file("stdout", error),
            Self::Packet(path, error) => lang.e_file(path.display(), error),
            Self::Export(error) => error.to_string(),
            Self::Zip(name, error) => lang.e_field(name, error),
            Self::Bound(field, error) => lang.e_field(field, error),
            Self::Code(field, error) => lang.e_field(field, error),
            Self::Status(error) => error.to_string(),
            Self::Malformed(error) => error.to_string(),
            Self::UnknownAgencies(codes) => lang.e_unknown(codes.join(", ")),
            Self::NoAddressee => lang.e_no_addressee(),
            Self::StatusPacket(path) => lang.e_status_packet(path.display()),
            Self::NoDocument(what) => lang.e_no_document(what),
            Self::SeveralDocuments(ids) => lang.e_several(ids.join(", ")),
            Self::AttachmentSize(path, len) => lang.e_attachment_size(path.display(), len, MAX_ATTACHMENT),
            Self::Attachments(count) => lang.e_attachments(count, MAX_ATTACHMENTS),
            Self::NotAFile(path) => lang.e_not_a_file(path.display()),
            Self::NeedsPassphrase(path) => lang.e_needs_passphrase(path.display()),
            Self::PassphraseDiffers => lang.e_passphrase_differs(),
            Self::PassphraseEmpty => lang.e_passphrase_empty(),
            Self::PassphraseMode(path) => lang.d_passphrase_mode(path.display()),
            Self::NotRunning(dir) => lang.e_not_running(dir.display()),
            Self::NoLedger(dir) => lang.e_no_ledger(dir.display()),
            Self::HasLedger(path) => lang.e_has_ledger(path.display()),
            Self::NoNumber(code, number) => lang.e_no_number(code, number),
            Self::OtherCode(enrolment, code) => lang.e_other_code(enrolment, code),
            Self::TwoChanges => lang.e_two_changes(),
            Self::Proposal(path, error) => lang.e_proposal(path.display(), error),
            Self::NotARequest(path) => lang.e_not_request(path.display()),
            Self::Certificate(points) => lang.e_certificate(points.join("; ")),
            Self::Certificates(error) => error.to_string(),
            Self::ProofLength(path, len) => lang.e_proof_length(path.display(), len, MAX_CERTIFICATE_PROOF),
            Self::Load(path, errors) => {
                let head = lang.e_load(path.display(), errors.len());
                [head].into_iter().chain(errors.iter().map(|error| format!("  {error}"))).collect::<Vec<_>>().join("\n")
            }
            Self::Procedure(error) => error.clone(),
            Self::AsksForRights(code) => lang.e_asks_rights(code),
            Self::JsonOutput => lang.e_json_output(),
            Self::BinaryTerminal => lang.e_binary_terminal(),
            Self::Owner(dir, error) => lang.e_owner(dir.display(), error),
            Self::Erased(said) => lang.e_erased(crate::erase::by_whom(said, lang)),
            Self::Unexpected => lang.e_unexpected(),
            Self::Config(path, error) => lang.e_file(path.display(), error),
            Self::Usage(message) => message.clone(),
        }
    }

    /// What to do about it, where it is not in the message.
    fn hint(&self, lang: Lang) -> Option<String> {
        Some(match self {
            Self::Session(SessionError::Node { message, retry: true, .. }) if message.contains("offline") => {
                lang.n_offline()
            }
            Self::Session(SessionError::Node { retry: true, .. }) => lang.n_later(),
            Self::Session(SessionError::Socket { .. } | SessionError::Broken(_)) => lang.n_later(),
            Self::Session(SessionError::Start(StartError::Setup(error))) => return setup_hint(error, lang),
            Self::Setup(error) | Self::Registrar(RegistrarError::Setup(error)) => return setup_hint(error, lang),
            Self::Registrar(RegistrarError::NoKeys(_)) => lang.n_roster_dir(),
            Self::Bundle(_, CheckError::Bundle(BundleError::OtherNetwork { .. })) => lang.n_proof_network(),
            Self::File(..)
            | Self::Systems(SystemsError::File { .. })
            | Self::Users(UsersError::File(PrivateFileError::File { .. })) => lang.n_file(),
            Self::Enrol(error) => return enrolment::hint(error, lang),
            Self::InvitationCode(_) => lang.n_code(),
            Self::Desk(DeskError::Registrar(RegistrarError::NoKeys(_))) => lang.n_roster_dir(),
            Self::Desk(DeskError::Registrar(RegistrarError::Setup(error))) => return setup_hint(error, lang),
            Self::Desk(DeskError::Invitations(InvitationError::Open(code))) => lang.n_invited(code),
            Self::Publish(PublishError::NotRunning(_)) => lang.n_start(),
            Self::Systems(SystemsError::Unknown(_)) => lang.n_systems(),
            Self::Users(UsersError::Unknown(_)) => lang.n_users(),
            Self::Tokens(TokensError::Unknown(_)) => lang.n_tokens(),
            Self::Registrar(RegistrarError::Stale { .. }) => lang.n_stale(),
            Self::Registrar(RegistrarError::Behind { .. }) => lang.n_behind(),
            Self::Registrar(RegistrarError::NotInOffice) => lang.n_not_in_office(),
            Self::Registrar(RegistrarError::Roster(RosterError::TooFew { .. })) => lang.n_too_few(),
            Self::Certificate(_) => lang.n_certificate(),
            Self::UnknownAgencies(_) => lang.n_unknown(),
            Self::NoDocument(_) | Self::SeveralDocuments(_) => lang.n_give_id(),
            Self::Bound(..) => lang.n_bound(),
            Self::NeedsPassphrase(_) => lang.n_passphrase(),
            Self::Tiles(TilesError::NoCheckpoint(_)) => lang.n_no_checkpoint(),
            Self::Tiles(TilesError::NotALog(_) | TilesError::OtherLog { .. } | TilesError::Damaged { .. }) => {
                lang.n_new_log()
            }
            Self::Tiles(TilesError::Longer { .. }) => lang.n_older_ledger(),
            Self::NotRunning(_) => lang.n_start(),
            Self::NoLedger(_) => lang.n_dir(),
            Self::HasLedger(_) | Self::Backup(BackupError::Exists(_)) => lang.n_new_dir(),
            Self::NoNumber(..) => lang.n_last(),
            Self::Load(..) => lang.n_load(),
            Self::AsksForRights(code) => lang.n_asks_rights(code),
            _ => return None,
        })
    }

    /// A word for programs: what kind of failure it is.
    fn code(&self) -> &'static str {
        match self.exit() {
            Exit::Later => "retry",
            Exit::Refused | Exit::Done => "refused",
            Exit::Unreadable if matches!(self, Self::Usage(_) | Self::JsonOutput | Self::BinaryTerminal) => "usage",
            Exit::Unreadable => "unreadable",
        }
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Session(error) => session_exit(error),
            Self::Setup(error) => setup_exit(error),
            Self::Systems(SystemsError::File { .. } | SystemsError::Malformed { .. }) => Exit::Unreadable,
            Self::Systems(_) => Exit::Refused,
            Self::Users(UsersError::File(PrivateFileError::File { .. } | PrivateFileError::Malformed { .. })) => {
                Exit::Unreadable
            }
            Self::Users(_) => Exit::Refused,
            Self::Tokens(TokensError::File(error)) if !matches!(error, PrivateFileError::Mode { .. }) => {
                Exit::Unreadable
            }
            Self::Tokens(TokensError::Scope(_)) => Exit::Unreadable,
            Self::Tokens(_) => Exit::Refused,
            Self::Registrar(RegistrarError::Setup(error)) => setup_exit(error),
            Self::Registrar(RegistrarError::Open(error)) | Self::Open(error) => open_exit(error),
            Self::Backup(BackupError::Exists(_)) => Exit::Refused,
            Self::Backup(BackupError::Open(error)) => open_exit(error),
            Self::Registrar(RegistrarError::NoKeys(_)) => Exit::Unreadable,
            Self::Registrar(_) => Exit::Refused,
            Self::Enrol(error) => enrol_exit(error),
            Self::Desk(DeskError::Registrar(RegistrarError::Setup(error))) => setup_exit(error),
            Self::Desk(DeskError::Registrar(RegistrarError::Open(error))) => open_exit(error),
            Self::Desk(DeskError::Registrar(RegistrarError::NoKeys(_))) => Exit::Unreadable,
            Self::Desk(DeskError::Invitations(InvitationError::File { .. } | InvitationError::Malformed { .. })) => {
                Exit::Unreadable
            }
            Self::Desk(_) => Exit::Refused,
            Self::Publish(PublishError::NotRunning(_)) => Exit::Later,
            Self::Publish(PublishError::Session(error)) => session_exit(error),
            Self::Publish(_) => Exit::Unreadable,
            Self::Transfer(_, TransferError::OtherNetwork { .. } | TransferError::Ingest { .. }) => Exit::Refused,
            Self::Tiles(TilesError::NoCheckpoint(_)) => Exit::Later,
            Self::Tiles(TilesError::File { .. } | TilesError::Store(_) | TilesError::Damaged { .. }) => {
                Exit::Unreadable
            }
            Self::Tiles(_) => Exit::Refused,
            Self::Bundle(_, CheckError::Bundle(_)) => Exit::Refused,
            Self::NotRunning(_) => Exit::Later,
            Self::Packet(_, ImportError::Secret { .. })
            | Self::UnknownAgencies(_)
            | Self::NoAddressee
            | Self::NoDocument(_)
            | Self::SeveralDocuments(_)
            | Self::AttachmentSize(..)
            | Self::Attachments(_)
            | Self::Bound(..)
            | Self::HasLedger(_)
            | Self::NoNumber(..)
            | Self::OtherCode(..)
            | Self::TwoChanges
            | Self::Certificate(_)
            | Self::ProofLength(..)
            | Self::PassphraseMode(_)
            | Self::SecretMode(_)
            | Self::AsksForRights(_)
            | Self::Erased(_)
            | Self::Export(_)
            | Self::Zip(..) => Exit::Refused,
            _ => Exit::Unreadable,
        }
    }

    /// Says it: to programs on standard output, to people on standard error.
    pub(crate) fn report(&self, out: Output) -> Exit {
        #[derive(Serialize)]
        struct Document {
            error: String,
            code: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            hint: Option<String>,
        }
        let (error, hint) = (self.message(out.lang), self.hint(out.lang));
        if out.json {
            // Where even this cannot be printed, the exit code alone remains.
            let _ = out.result(&Document { error, code: self.code(), hint }, |_| {});
        } else {
            eprintln!("{}: {error}", out.lang.error());
            if let Some(hint) = hint {
                eprintln!("{}: {hint}", out.lang.hint());
            }
        }
        self.exit()
    }
}

fn system_error(error: &SystemsError, lang: Lang) -> String {
    match error {
        SystemsError::Exists(id) => lang.e_system_exists(id),
        SystemsError::Unknown(id) => lang.e_system_unknown(id),
        SystemsError::Id(id) => lang.e_system_id(id),
        SystemsError::Secret(len) => lang.e_system_secret(len, MIN_SECRET, MAX_SECRET),
        SystemsError::Mode { path, .. } => lang.d_passphrase_mode(path.display()),
        other => other.to_string(),
    }
}

fn user_error(error: &UsersError, lang: Lang) -> String {
    match error {
        UsersError::Exists(name) => lang.e_user_exists(name),
        UsersError::Unknown(name) => lang.e_user_unknown(name),
        UsersError::Name(name) => lang.e_user_name(name),
        UsersError::Role(role) => lang.e_user_role(role),
        UsersError::Password => lang.e_user_password(MIN_PASSWORD, MAX_PASSWORD),
        UsersError::File(PrivateFileError::Mode { path, .. }) => lang.d_passphrase_mode(path.display()),
        other => other.to_string(),
    }
}

fn token_error(error: &TokensError, lang: Lang) -> String {
    match error {
        TokensError::Exists(name) => lang.e_token_exists(name),
        TokensError::Unknown(name) => lang.e_token_unknown(name),
        TokensError::Name(name) => lang.e_token_name(name, MAX_NAME),
        TokensError::Scope(scope) => lang.e_token_scope(scope, Scope::ALL.map(Scope::name).join(", ")),
        TokensError::File(PrivateFileError::Mode { path, .. }) => lang.d_passphrase_mode(path.display()),
        other => other.to_string(),
    }
}

fn tiles_error(error: &TilesError, lang: Lang) -> String {
    match error {
        TilesError::NoCheckpoint(agency) => lang.e_no_checkpoint(agency),
        TilesError::NotALog(dir) => lang.e_not_a_log(dir.display()),
        TilesError::OtherLog { dir, theirs, ours } => lang.e_other_log(dir.display(), theirs, ours),
        TilesError::Longer { dir, theirs, ours } => lang.e_longer_log(dir.display(), theirs, ours),
        TilesError::OtherHistory { dir, agency, size } => lang.e_other_history(dir.display(), agency, size),
        TilesError::FalseCheckpoint { agency, at, size } => lang.e_false_checkpoint(agency, at, size),
        other => other.to_string(),
    }
}

pub(crate) fn setup_hint(error: &SetupError, lang: Lang) -> Option<String> {
    match error {
        SetupError::File { .. } => Some(lang.n_dir()),
        SetupError::KeyFile { error: KeyFileError::NeedsPassphrase | KeyFileError::WrongPassphrase, .. } => {
            Some(lang.n_passphrase())
        }
        SetupError::Exists(_) => Some(lang.n_new_dir()),
        SetupError::WrongKeys(_) => Some(lang.n_is_registrar()),
        SetupError::Name(_) => Some(lang.n_bound()),
        _ => None,
    }
}

fn setup_exit(error: &SetupError) -> Exit {
    match error {
        SetupError::File { .. } | SetupError::KeyFile { .. } | SetupError::Malformed { .. } => Exit::Unreadable,
        SetupError::Ledger(error) => open_exit(error),
        _ => Exit::Refused,
    }
}

fn enrol_exit(error: &EnrolError) -> Exit {
    match error {
        EnrolError::Call(CallError::NotInvited { .. }) => Exit::Refused,
        EnrolError::Call(_) | EnrolError::Refused(Refusal::Desk(_)) => Exit::Later,
        EnrolError::Address(_) => Exit::Unreadable,
        EnrolError::Setup(error) => setup_exit(error),
        EnrolError::Open(error) => open_exit(error),
        _ => Exit::Refused,
    }
}

fn session_exit(error: &SessionError) -> Exit {
    match error {
        SessionError::Node { retry: true, .. } | SessionError::Socket { .. } | SessionError::Broken(_) => Exit::Later,
        SessionError::Start(StartError::Setup(error)) => setup_exit(error),
        SessionError::Start(StartError::Open(error)) => open_exit(error),
        SessionError::Start(StartError::OtherNetwork { .. }) | SessionError::Node { .. } => Exit::Refused,
        _ => Exit::Unreadable,
    }
}

fn open_exit(error: &OpenError) -> Exit {
    match error {
        OpenError::Locked(_) => Exit::Later,
        _ => Exit::Unreadable,
    }
}

macro_rules! from {
    ($($variant:ident($error:ty);)*) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        })*
    };
}
impl From<InvitationError> for Failure {
    fn from(error: InvitationError) -> Self {
        Self::Desk(error.into())
    }
}
from! {
    Audit(AuditError);
    Session(SessionError);
    Setup(SetupError);
    Systems(SystemsError);
    Users(UsersError);
    Tokens(TokensError);
    Registrar(RegistrarError);
    Enrol(EnrolError);
    InvitationCode(CodeError);
    Desk(DeskError);
    Publish(PublishError);
    Certificates(CertificateFileError);
    Open(OpenError);
    Backup(BackupError);
    Store(StoreError);
    Export(ExportError);
    Tiles(TilesError);
    Status(NotAStatus);
    Malformed(CodecError);
    Output(io::Error);
}
