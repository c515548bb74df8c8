//! An authorization service that speaks gRPC.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use envoy_protos::envoy::config::core::v3::{HeaderValue, HeaderValueOption};
use envoy_protos::envoy::service::auth::v3::check_response::HttpResponse;
use envoy_protos::envoy::service::auth::v3::{
    CheckRequest, CheckResponse, DeniedHttpResponse, OkHttpResponse,
};
use envoy_protos::envoy::r#type::v3::HttpStatus;
use envoy_protos::google::rpc::Status;
use prost::Message;

use crate::grpc::{Answers, Call, Code, GrpcServer};

/// A service that lets requests pass which carry credentials (a header `authorization`, whatever is in it), and has 402
/// answered to others. It keeps what it was asked.
pub struct AuthorizationServer {
    server: GrpcServer,
    state: Arc<State>,
}

/// A question, and the host that it was sent to.
#[derive(Clone, Debug)]
pub struct Question {
    /// The host of the call, not of the request.
    pub authority: String,
    /// The question.
    pub check: CheckRequest,
}

impl Question {
    /// A header of the request.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.http()?.headers.get(name).map(String::as_str)
    }

    /// What the service is told by the configuration.
    pub fn context(&self) -> Vec<(&str, &str)> {
        let context = self.check.attributes.iter().flat_map(|attributes| &attributes.context_extensions);
        context.map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// The request.
    pub fn http(&self) -> Option<&envoy_protos::envoy::service::auth::v3::attribute_context::HttpRequest> {
        self.check.attributes.as_ref()?.request.as_ref()?.http.as_ref()
    }
}

#[derive(Default)]
struct State {
    /// Headers that requests get which pass.
    headers: Mutex<Vec<(String, String)>>,
    questions: Mutex<Vec<Question>>,
}

impl AuthorizationServer {
    /// Speaks HTTP/2 in clear text.
    pub async fn start() -> Self {
        let state = Arc::new(State::default());
        Self { server: GrpcServer::start(state.clone()).await, state }
    }

    /// The same over TLS, with a certificate for `host` that it makes itself.
    pub async fn start_tls(host: &str) -> Self {
        let state = Arc::new(State::default());
        Self { server: GrpcServer::start_tls(state.clone(), host).await, state }
    }

    /// Gives these headers to requests that pass from now on.
    pub fn give(&self, headers: &[(&str, &str)]) {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        *self.state.headers.lock().unwrap_or_else(PoisonError::into_inner) = headers.collect();
    }

    /// What it was asked since this was called last.
    pub fn take_questions(&self) -> Vec<Question> {
        std::mem::take(&mut *self.state.questions.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// The certificate that clients have to trust, in PEM; None without TLS.
    pub fn certificate(&self) -> Option<&str> {
        self.server.certificate()
    }
}

impl fmt::Debug for AuthorizationServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.server.fmt(f)
    }
}

const OK: i32 = 0;
const PERMISSION_DENIED: i32 = 7;
const UNIMPLEMENTED: Code = 12;
const INVALID_ARGUMENT: Code = 3;

impl Answers for State {
    fn answer(&self, call: &Call) -> Result<Bytes, Code> {
        if call.path != "/envoy.service.auth.v3.Authorization/Check" {
            return Err(UNIMPLEMENTED);
        }
        let check = CheckRequest::decode(call.message.clone()).map_err(|_| INVALID_ARGUMENT)?;
        let question = Question { authority: call.authority.clone(), check };
        let response = match question.header("authorization") {
            Some(_) => allowed(&self.headers.lock().unwrap_or_else(PoisonError::into_inner)),
            None => denied(),
        };
        self.questions.lock().unwrap_or_else(PoisonError::into_inner).push(question);
        Ok(response.encode_to_vec().into())
    }
}

fn allowed(headers: &[(String, String)]) -> CheckResponse {
    let header = |(key, value): &(String, String)| HeaderValueOption {
        header: Some(HeaderValue { key: key.clone(), value: value.clone(), ..Default::default() }),
        ..Default::default()
    };
    let response = OkHttpResponse { headers: headers.iter().map(header).collect(), ..Default::default() };
    answer(OK, HttpResponse::OkResponse(response))
}

fn denied() -> CheckResponse {
    let response = DeniedHttpResponse {
        status: Some(HttpStatus { code: 402 }),
        body: "pay first".into(),
        ..Default::default()
    };
    answer(PERMISSION_DENIED, HttpResponse::DeniedResponse(response))
}

fn answer(code: i32, response: HttpResponse) -> CheckResponse {
    let status = Status { code, ..Default::default() };
    CheckResponse { status: Some(status), http_response: Some(response), ..Default::default() }
}
