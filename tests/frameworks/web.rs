//! Handlers of web frameworks.

use std::io;

use jam_lock::locked;

use crate::{is_held, locks};

mod axum_handler {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::extract::Path;
    use axum::http::{Request, StatusCode};
    use axum::routing::get;
    use tower::ServiceExt;

    #[locked("attribute_{order}", locks = locks(), or_else = |_| Err(StatusCode::SERVICE_UNAVAILABLE))]
    #[axum::debug_handler]
    async fn above(Path(order): Path<String>) -> Result<String, StatusCode> {
        Ok(is_held(&order).to_string())
    }

    #[axum::debug_handler]
    #[locked("attribute_{order}", locks = locks(), or_else = |_| Err(StatusCode::SERVICE_UNAVAILABLE))]
    async fn below(Path(order): Path<String>) -> Result<String, StatusCode> {
        Ok(is_held(&order).to_string())
    }

    #[tokio::test]
    async fn it_is_locked_in_both_orders() {
        for (handler, order) in [(get(above), "axum-above"), (get(below), "axum-below")] {
            let router = Router::new().route("/{order}", handler);
            let request = Request::get(format!("/{order}")).body(Body::empty()).unwrap();
            let response = router.oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            let body = axum::body::to_bytes(response.into_body(), 10).await.unwrap();
            assert_eq!(body, "true");
            assert!(!is_held(order));
        }
    }
}

mod actix_handler {
    use super::*;
    use actix_web::{App, test};

    #[locked("attribute_{order}", order = "actix above", locks = locks())]
    #[actix_web::get("/above")]
    async fn above() -> io::Result<String> {
        Ok(is_held("actix above").to_string())
    }

    #[actix_web::get("/below")]
    #[locked("attribute_{order}", order = "actix below", locks = locks())]
    async fn below() -> io::Result<String> {
        Ok(is_held("actix below").to_string())
    }

    #[actix_web::test]
    async fn it_is_locked_in_both_orders() {
        let service = test::init_service(App::new().service(above).service(below)).await;
        for order in ["above", "below"] {
            let request = test::TestRequest::get().uri(&format!("/{order}")).to_request();
            let body = test::call_and_read_body(&service, request).await;
            assert_eq!(body, "true", "{order}");
            assert!(!is_held(&format!("actix {order}")));
        }
    }
}

mod rocket_handler {
    use super::*;
    use rocket::local::asynchronous::Client;

    #[locked("attribute_{order}", order = "rocket above", locks = locks())]
    #[rocket::get("/above")]
    async fn above() -> io::Result<String> {
        Ok(is_held("rocket above").to_string())
    }

    #[rocket::get("/below")]
    #[locked("attribute_{order}", order = "rocket below", locks = locks())]
    async fn below() -> io::Result<String> {
        Ok(is_held("rocket below").to_string())
    }

    #[tokio::test]
    async fn it_is_locked_in_both_orders() {
        let rocket = rocket::build().mount("/", rocket::routes![above, below]);
        let client = Client::untracked(rocket).await.unwrap();
        for order in ["above", "below"] {
            let response = client.get(format!("/{order}")).dispatch().await;
            assert_eq!(response.into_string().await.unwrap(), "true", "{order}");
            assert!(!is_held(&format!("rocket {order}")));
        }
    }
}
