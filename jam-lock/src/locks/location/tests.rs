use super::*;

fn refusal(location: &str) -> String {
    Location::parse(OsStr::new(location)).expect_err(location).to_string()
}

#[test]
fn folders_are_folders_however_odd_their_names() {
    for folder in [
        "locks",
        "/srv/app/locks",
        "./host=db1",
        "./postgres:/x",
        "C:\\locks",
        "C:/locks",
        "/srv/a:/b",
        "/srv/postgres//locks",
        "locks//postgres",
        "a b",
        "user/x=1",
        "'90s/locks",
        "locks@2",
        "./app@db1/shop",
        "./~/locks",
        "/srv/$APP/locks",
        "locks~",
        "50%",
        "über:x",
        "a:b",
        "host",
        "postgres",
        "",
    ] {
        let parsed = Location::parse(OsStr::new(folder));
        assert!(matches!(parsed, Ok(Location::Folder(it)) if it == Path::new(folder)));
        check_folder(Path::new(folder)).unwrap();
    }
}

#[cfg(feature = "postgres")]
#[test]
fn the_scheme_of_a_database_may_be_in_capitals() {
    for url in ["postgres://db1/shop", "postgresql://db1/shop", "Postgres://db1", "POSTGRESQL://"] {
        assert!(
            matches!(Location::parse(OsStr::new(url)), Ok(Location::Database(it)) if it == url)
        );
    }
}

#[test]
fn other_spellings_of_a_database_are_refused_with_the_right_one() {
    for (location, shown) in [
        ("host=db1 user=app password=geheim", "host=…"),
        ("user = app host=db1 password=geheim", "user=…"),
        ("password=geheim://x host=db1", "password=…"),
        ("postgres:/app:geheim@db1/shop", "postgres:…"),
        ("postgres:shop?password=geheim", "postgres:…"),
        ("postgres//app:geheim@db1/shop", "postgres//…"),
        ("Postgresql:app:geheim@db1", "Postgresql:…"),
        ("jdbc:postgresql://db1/shop?password=geheim", "jdbc:postgresql://…"),
        ("jdbc:postgresql:shop", "jdbc:…"),
        ("pg://app:geheim@db1/shop", "pg://…"),
        ("pgsql:host=db1;password=geheim", "pgsql:…"),
        ("postgresql+asyncpg://app:geheim@db1/shop", "postgresql+asyncpg://…"),
        ("app:geheim@db1", "…"),
        ("app@db1/shop?password=geheim", "…"),
        ("db1:5432/shop?password=geheim", "…"),
    ] {
        for text in [refusal(location), check_folder(Path::new(location)).unwrap_err().to_string()]
        {
            assert!(text.contains(&format!(" is not supported at {shown}: ")), "{text}");
            assert!(!text.contains("geheim"), "{text}");
        }
        let text = refusal(location);
        assert!(text.contains("write it as postgres://user@host/database"), "{text}");
    }
}

#[test]
fn quotation_marks_and_white_space_are_not_part_of_a_location() {
    for (location, shown, remedy) in [
        ("\"postgres://app:geheim@db1/shop\"", "postgres://…", "remove them"),
        ("'postgres://app:geheim@db1/shop'", "postgres://…", "remove them"),
        ("“postgres://app:geheim@db1/shop”", "postgres://…", "remove them"),
        ("\"postgres://app:geheim@db1/shop", "postgres://…", "remove them"),
        ("' host=db1 password=geheim '", "host=…", "remove them"),
        ("'/srv/app/locks'", "\\'/srv/app/locks\\'", "remove them"),
        (" postgres://app:geheim@db1/shop", "postgres://…", "remove the white space"),
        ("postgres://app:geheim@db1/shop\r\n", "postgres://…", "remove the white space"),
        ("/srv/app/locks\n", "/srv/app/locks\\n", "remove the white space"),
        (" ", " ", "remove the white space"),
    ] {
        let text = refusal(location);
        assert!(text.contains(&format!(" is not supported at {shown}: {remedy}")), "{text}");
        assert!(!text.contains("geheim"), "{text}");
    }
}

#[test]
fn another_engine_is_refused_with_what_this_build_has() {
    for location in ["etcd://me:geheim@db1", "mysql://me:geheim@db1/shop", "file:///srv/locks"] {
        let text = refusal(location);
        assert!(text.starts_with("a lock engine of this kind is not supported at "), "{text}");
        assert!(text.contains("name a folder") && !text.contains("geheim"), "{text}");
        assert_eq!(text.contains("feature"), !cfg!(feature = "postgres"), "{text}");
    }
    let text = refusal("mysql:/x");
    assert!(text.contains("a folder of that name is ./mysql:…"), "{text}");
}

#[cfg(not(feature = "postgres"))]
#[test]
fn the_url_of_a_database_needs_a_build_with_its_engine() {
    let text = refusal("Postgres://app:geheim@db1/shop");
    assert!(text.contains("Postgres://…: build jam-lock with the feature"), "{text}");
}

#[test]
fn what_only_a_shell_expands_is_refused() {
    for (location, what) in [
        ("~/locks", "a location with `~`"),
        ("~app/locks", "a location with `~`"),
        ("$HOME/locks", "a location with a variable"),
        ("${HOME}/locks", "a location with a variable"),
        ("/srv/${APP}/locks", "a location with a variable"),
        ("%APPDATA%\\locks", "a location with a variable"),
    ] {
        for text in [refusal(location), check_folder(Path::new(location)).unwrap_err().to_string()]
        {
            assert!(text.starts_with(&format!("{what} is not supported at ")), "{text}");
            assert!(
                text.contains("write the whole path, because only a shell expands it"),
                "{text}"
            );
        }
    }
}
