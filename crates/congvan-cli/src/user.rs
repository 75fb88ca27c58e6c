//! The people who may use the web console, and their passwords.

use congvan::setup;
use congvan::users::{Password, Role, UserName, Users};
use serde::Serialize;

use crate::args::{NewPassword, User};
use crate::exit::{Exit, Failure};
use crate::home::App;
use crate::output::time;
use crate::system;

/// A user, as it is shown. The password is there only when it was made now.
#[derive(Serialize)]
struct Shown {
    name: String,
    role: String,
    since: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
}

/// `user …`
pub(crate) fn run(app: &App, command: User) -> Result<Exit, Failure> {
    // Only a node's directory has an enrolment.
    setup::read_enrolment(&app.home.enrolment())?;
    let mut users = Users::load(&app.home)?;
    let lang = app.out.lang;
    match command {
        User::Add { name, role, password } => {
            let (name, role): (UserName, Role) = (name.parse()?, role.parse()?);
            let given = given(app, &name, &password)?;
            let made = given.is_none();
            let password = users.add(name.clone(), role, given)?;
            users.save(&app.home)?;
            let shown = shown(&users, &name, made.then_some(password));
            app.out.result(&shown, |page| {
                page.line(lang.user_added(&name, role.name()));
                print_password(app, page, &shown);
            })?;
        }
        User::Password { name, password } => {
            let name: UserName = name.parse()?;
            let given = given(app, &name, &password)?;
            let made = given.is_none();
            let password = users.change(&name, given)?;
            users.save(&app.home)?;
            let shown = shown(&users, &name, made.then_some(password));
            app.out.result(&shown, |page| {
                page.line(lang.user_changed(&name));
                print_password(app, page, &shown);
            })?;
        }
        User::Remove { name } => {
            let name: UserName = name.parse()?;
            let shown = shown(&users, &name, None);
            users.remove(&name)?;
            users.save(&app.home)?;
            app.out.result(&shown, |page| page.line(lang.user_removed(&name)))?;
        }
        User::List => {
            let all: Vec<_> = users.iter().map(|(name, _)| shown(&users, name, None)).collect();
            app.out.result(&all, |page| {
                if all.is_empty() {
                    return page.line(lang.nothing());
                }
                let row = |shown: &Shown| [shown.name.clone(), shown.role.clone(), time(lang, shown.since)];
                page.table([lang.h_user(), lang.h_role(), lang.h_password_since()], all.iter().map(row).collect());
            })?;
        }
    }
    Ok(Exit::Done)
}

fn shown(users: &Users, name: &UserName, password: Option<Password>) -> Shown {
    let user = users.get(name);
    Shown {
        name: name.to_string(),
        role: user.map_or_else(String::new, |user| user.role.name().to_owned()),
        since: user.map_or(0, |user| user.since),
        password: password.map(|password| password.expose().to_owned()),
    }
}

fn print_password(app: &App, page: &mut crate::output::Page, shown: &Shown) {
    let lang = app.out.lang;
    if let Some(password) = &shown.password {
        page.fields(&[(lang.h_user(), shown.name.clone()), (lang.h_password(), password.clone())]);
        page.line(lang.user_once());
    }
}

/// The password that was typed, or given in a file; `None` where a new one is to be made.
fn given(app: &App, name: &UserName, from: &NewPassword) -> Result<Option<Password>, Failure> {
    let text = match &from.password_file {
        Some(path) => Some(system::first_line(path)?),
        None if from.ask => Some(app.ask_twice(app.out.lang.ask_password(name))?),
        None => None,
    };
    Ok(text.map(Password::new).transpose()?)
}
