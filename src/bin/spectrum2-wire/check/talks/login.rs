//! Users who come and go.

use spectrum2::StatusType;

use super::{Outcome, passed};
use crate::check::session::{Session, fail, is_passing, login_of, not_tried, status_of};
use crate::check::setup::Account;

pub fn login(session: &mut Session<'_>) -> Outcome {
    session.begin()?;
    let account = session.setup.account();
    session.send("LOGIN", &[login_of(account)])?;
    if let Err((error, message)) = session.answer_to_login(account)? {
        let refused = format!("{error:?}, {message:?}");
        if is_passing(error) {
            return fail(format!(
                "LOGIN was answered by DISCONNECTED with the error {} ({refused}), on which the main process logs in \
                 again at once, and for ever. Is the network within reach?",
                error.0
            ));
        }
        let setup = session.setup;
        // Set once: this is the only check that does.
        let _ = setup.refused.set(setup.tell(&format!("the login of {} was refused: {refused}", account.user)));
        let answer = format!("answered by DISCONNECTED, {refused}: is the account right?");
        return if setup.is_account_given() { fail(format!("LOGIN was {answer}")) } else { Ok(answer) };
    }
    session.send("STATUS_CHANGED", &[status_of(account, StatusType::Online)])?;
    session.survives()?;
    Ok("answered by CONNECTED".into())
}

/// In one write with LOGIN, as the main process sends it.
pub fn early_status(session: &mut Session<'_>) -> Outcome {
    session.begin()?;
    let account = session.setup.account();
    session
        .send("LOGIN and STATUS_CHANGED in one write", &[login_of(account), status_of(account, StatusType::Away)])?;
    session.expect_connected(account)?;
    session.survives()?;
    passed()
}

pub fn wrong_password(session: &mut Session<'_>) -> Outcome {
    let Some(password) = session.setup.options.wrong_password.as_deref() else {
        return not_tried("no password to be refused is given with --wrong-password");
    };
    session.begin()?;
    let account = Account { password, ..session.setup.account() };
    session.send("LOGIN with a wrong password", &[login_of(account)])?;
    match session.answer_to_login(account)? {
        Ok(()) => fail("The backend says CONNECTED for the password that was given as wrong."),
        Err((error, _)) if is_passing(error) => fail(format!("DISCONNECTED has the error {} ({error:?}).", error.0)),
        Err((error, _)) => Ok(format!("refused with {error:?}")),
    }
}

pub fn relogin(session: &mut Session<'_>) -> Outcome {
    session.begin()?;
    let account = session.setup.account();
    session.login(account)?;
    session.logout(account)?;
    session.send("LOGOUT, and LOGIN again", &[login_of(account)])?;
    match session.answer_to_login(account)? {
        Ok(()) => {}
        Err((error, message)) if is_passing(error) => {
            return not_tried(format!("the second login was put off: {error:?}, {message:?}"));
        }
        Err((error, message)) => {
            return fail(format!(
                "The login after LOGOUT was refused, the one before it was not: {error:?}, {message:?}."
            ));
        }
    }
    session.survives()?;
    passed()
}

pub fn two_users(session: &mut Session<'_>) -> Outcome {
    let Some(second) = session.setup.second_account() else {
        return not_tried("no second account is given with --second-legacy-name");
    };
    session.begin()?;
    let first = session.setup.account();
    session.login(first)?;
    session.login(second)?;
    session.logout(first)?;
    session.send("LOGOUT of another user", &[status_of(second, StatusType::Away)])?;
    session.survives()?;
    passed()
}
