use super::error::fail_with;
use super::payload::told;
use super::{given, guard, sp2_bool, sp2_client, sp2_error, sp2_result, sp2_str_list};
use crate::message::BackendConfig;

/// What a backend supports: the content of BACKEND_CONFIG. `sp2_features_default` sets it to what the
/// C++ library sends when nothing else is said.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sp2_features {
    /// Users register with a password.
    pub need_password: sp2_bool,
    /// Users register with a name of their own in the legacy network.
    pub need_registration: sp2_bool,
    /// The network has rooms.
    pub muc: sp2_bool,
    /// Stanzas are exchanged as XML, in place of messages.
    pub raw_xml: sp2_bool,
    /// Names go into JIDs as they are.
    pub disable_jid_escaping: sp2_bool,
    /// The backend sends receipts.
    pub receipts: sp2_bool,
    /// The roster comes right after LOGIN.
    pub send_buddies_on_login: sp2_bool,
    /// More fields of the registration; their values come with LOGIN.
    pub extra_fields: sp2_str_list,
}

/// What the C++ library sends when nothing else is said: users register with a name and a password,
/// and there is nothing else.
#[unsafe(no_mangle)]
pub extern "C" fn sp2_features_default() -> sp2_features {
    sp2_features {
        need_password: 1,
        need_registration: 1,
        muc: 0,
        raw_xml: 0,
        disable_jid_escaping: 0,
        receipts: 0,
        send_buddies_on_login: 0,
        extra_fields: sp2_str_list::EMPTY,
    }
}

/// Sends BACKEND_CONFIG, as `sp2_client_send` does. Once, and first of all: the main process listens
/// to the first one only.
///
/// `SP2_INVALID_ARGUMENT`: the name of an extra field that would not come out of the text as it is.
///
/// # Safety
/// `client` is not freed; `features` is one, with all that it points to; `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_client_send_features(
    client: *mut sp2_client,
    features: *const sp2_features,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe {
        let client = given(client, error)?;
        let features = given(features, error)?;
        let extra_fields = told(features.extra_fields.strings(), error)?;
        let config = BackendConfig::builder()
            .need_password(features.need_password != 0)
            .need_registration(features.need_registration != 0)
            .extra_fields(&extra_fields)
            .muc(features.muc != 0)
            .raw_xml(features.raw_xml != 0)
            .disable_jid_escaping(features.disable_jid_escaping != 0)
            .receipts(features.receipts != 0)
            .send_buddies_on_login(features.send_buddies_on_login != 0)
            .build()
            .map_err(|failure| fail_with(error, sp2_result::SP2_INVALID_ARGUMENT, &failure))?;
        told(client.sender().backend_config(&config), error)
    })
}
