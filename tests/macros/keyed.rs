//! Names with placeholders, whose values are variables in scope or arguments.

use jam_lock::{LockError, LockName, locked};

use crate::lock_names::{self, CustomerId};
use crate::section::alone;

#[test]
fn a_keyed_name_is_a_function_of_its_keys() {
    assert_eq!(lock_names::customer_id(7), lock_names::customer_id("7"));
    assert_ne!(lock_names::customer_id(7), lock_names::customer_id(8));
    assert_eq!(lock_names::shop_shop_account("a", 7).as_str(), "Shop a.7");
}

#[test]
fn a_placeholder_is_the_variable_in_scope() {
    #[locked("customer_{id}", guard = held)]
    fn function(id: String) -> Result<LockName, LockError> {
        assert_eq!(id, "7");
        Ok(held.name().clone())
    }

    let _alone = alone();
    assert_eq!(function("7".to_owned()).unwrap(), lock_names::customer_id(7));
    let id = 8;
    let name = locked!("customer_{id}", guard = held, { held.name().clone() });
    assert_eq!(name.unwrap(), lock_names::customer_id(id));
}

#[test]
fn a_placeholder_is_a_variable_that_a_pattern_binds() {
    struct Path<T>(T);

    #[locked("customer_{id}", guard = held)]
    fn function(Path(id): Path<String>) -> Result<LockName, LockError> {
        assert_eq!(id, "7");
        Ok(held.name().clone())
    }

    #[locked("Shop {shop}.{account}", timeout = seconds, guard = held)]
    async fn future(
        Path((shop, mut account)): Path<(char, u32)>,
        Path(seconds): Path<u32>,
        (body, _): (String, String),
    ) -> Result<LockName, LockError> {
        account += 1;
        assert_eq!((shop, account, body.as_str()), ('a', 8, "body"));
        Ok(held.name().clone())
    }

    let _alone = alone();
    assert_eq!(function(Path("7".to_owned())).unwrap(), lock_names::customer_id(7));
    let future = future(Path(('a', 7)), Path(1), ("body".to_owned(), String::new()));
    assert_eq!(smol::block_on(future).unwrap(), lock_names::shop_shop_account('a', 7));
}

#[test]
fn a_placeholder_can_be_given_as_an_argument() {
    struct Invoice {
        customer: String,
    }

    #[locked("customer_{id}", id = invoice.customer, guard = held)]
    fn function(invoice: Invoice) -> Result<LockName, LockError> {
        Ok(LockName::clone(held.name()))
    }

    #[locked("Shop {shop}.{account}", account = 6 + 1, guard = held)]
    fn partly(shop: &str) -> Result<String, LockError> {
        Ok(held.name().to_string())
    }

    #[locked("customer_{id}", id = place as u64)]
    fn converted(place: u32) -> Result<bool, LockError> {
        Ok(CustomerId::lock(place)?.try_acquire().is_err())
    }

    let _alone = alone();
    let invoice = Invoice { customer: "7".to_owned() };
    assert_eq!(function(invoice).unwrap(), lock_names::customer_id(7));
    assert_eq!(partly("a").unwrap(), "Shop a.7");
    assert!(converted(7).unwrap());
}

#[test]
fn one_argument_can_fill_placeholders_of_several_names() {
    #[locked("customer_{id}", "Shop {shop}.{account}", account = id, guard = held)]
    fn function(id: u32, shop: char) -> Result<[String; 2], LockError> {
        Ok([held.0.name().to_string(), held.1.name().to_string()])
    }

    let _alone = alone();
    assert_eq!(function(7, 'a').unwrap(), ["customer_7", "Shop a.7"]);
}

#[test]
fn a_placeholder_can_have_the_name_name() {
    #[locked("called_{name}", names = jam_lock_tests::lock_names, guard = held)]
    fn function(name: &str) -> Result<String, LockError> {
        Ok(held.name().to_string())
    }

    #[locked("called_{name}", name = 7, names = jam_lock_tests::lock_names, guard = held)]
    fn given() -> Result<String, LockError> {
        Ok(held.name().to_string())
    }

    let _alone = alone();
    assert_eq!(function("7").unwrap(), given().unwrap());
}

macro_rules! of_customer {
    ($id:ident) => {
        locked!("customer_{id}", id = $id, guard = held, { held.name().to_string() })
    };
}

#[test]
fn a_macro_can_fill_a_placeholder() {
    let _alone = alone();
    let number = 7;
    assert_eq!(of_customer!(number).unwrap(), "customer_7");
}

/// The locks that are held while money is moved from one account to another, with their tokens.
#[locked("customer_{from}", "customer_{to}", timeout = 10, guard = held)]
fn transfer(from: u32, to: u32) -> Result<[(String, u64); 2], LockError> {
    let (from, to) = held;
    Ok([(from.name().to_string(), from.token()), (to.name().to_string(), to.token())])
}

#[test]
fn two_keys_of_one_name_are_acquired_in_the_order_of_the_keys() {
    struct Account {
        owner: u32,
    }

    #[locked("customer_{from}", "customer_{to}", from = source.owner, to = 7, guard = held)]
    async fn deposit(source: Account) -> Result<[u64; 2], LockError> {
        Ok([held.0.token(), held.1.token()])
    }

    let _alone = alone();
    // Tokens of new names are the time.
    let [(from, later), (to, earlier)] = transfer(10, 9).unwrap();
    assert_eq!([from.as_str(), to.as_str()], ["customer_10", "customer_9"]);
    assert!(earlier < later);
    let [(from, earlier), (to, later)] = transfer(9, 10).unwrap();
    assert_eq!([from.as_str(), to.as_str()], ["customer_9", "customer_10"]);
    assert!(earlier < later);
    let [later, earlier] = smol::block_on(deposit(Account { owner: 8 })).unwrap();
    assert!(earlier < later);
}

#[test]
fn a_transfer_to_oneself_holds_one_lock() {
    let _alone = alone();
    let [from, to] = transfer(7, 7).unwrap();
    assert_eq!(from.0, "customer_7");
    assert_eq!(from, to);
}

#[test]
fn two_keys_out_of_order_get_an_error_that_shows_how_to_acquire_both() {
    #[locked("customer_{from}", timeout = 10)]
    fn nested(from: u32, to: u32) -> Result<(), LockError> {
        locked!("customer_{to}", timeout = 10, {})
    }

    let _alone = alone();
    nested(7, 8).unwrap();
    let error = nested(8, 7).unwrap_err().to_string();
    assert!(error.contains("`customer_7` (requested in"), "{error}");
    assert!(error.contains("comes before `customer_8`"), "{error}");
    assert!(error.contains(r#"as in `"customer_{from}", "customer_{to}"`"#), "{error}");
}
