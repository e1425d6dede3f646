//! The statements that create the table and grant its use, by this library or by an administrator.

use crate::engine::postgres::wait_domain;

/// The columns of the table.
const COLUMNS: &str = "\
key bigint PRIMARY KEY, namespace text NOT NULL, name text NOT NULL, keyed boolean NOT NULL, \
token bigint NOT NULL, holder jsonb, died jsonb, last_run jsonb";

/// The names of the columns.
pub(super) const COLUMN_NAMES: &str = "key, namespace, name, keyed, token, holder, died, last_run";

/// The schema of a table that an administrator creates: every role can be allowed to use it,
/// whatever its `search_path`.
const SCHEMA: &str = "jam_lock";

/// Creates the table in `schema`.
pub(super) fn create(schema: &str) -> String {
    format!("CREATE TABLE {schema}.jam_lock ({COLUMNS})")
}

/// What an administrator has to run if `role` may create the table nowhere.
pub(super) fn create_and_grant(role: &str) -> String {
    let (create, grants) = (create(SCHEMA), grants(SCHEMA, role));
    let table = format!("{SCHEMA}.jam_lock");
    let (create_domain, grant_wait) =
        (wait_domain::create(&table), wait_domain::grant(&table, role));
    format!(
        "have an administrator run: CREATE SCHEMA IF NOT EXISTS {SCHEMA}; {create}; \
         {create_domain}; {grants}; {grant_wait}"
    )
}

/// Adds the column that tables of earlier versions lack.
pub(super) fn add_last_run(table: &str) -> String {
    format!("ALTER TABLE {table} ADD COLUMN IF NOT EXISTS last_run jsonb")
}

/// What an administrator has to run if `role` may not use the table.
pub(super) fn grant(schema: &str, role: &str) -> String {
    format!("have an administrator run: {}", grants(schema, role))
}

fn grants(schema: &str, role: &str) -> String {
    format!(
        "GRANT USAGE ON SCHEMA {schema} TO {role}; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON {schema}.jam_lock TO {role}"
    )
}

/// What to do about the tables in `schemas`. Tokens are not below the clock, so those of a table
/// that is kept rise above those of the others.
pub(super) fn keep_one(schemas: &[&str]) -> String {
    let tables: Vec<_> = schemas.iter().map(|schema| format!("{schema}.jam_lock")).collect();
    let (last, others) = tables.split_last().expect("there are several");
    let others = others.join(", ");
    format!(
        "stop the programs that use {others} and {last}, and have an administrator keep the one \
         with the greatest token and drop the others, such as with DROP TABLE {last}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The statements that the guide's page on PostgreSQL asks an administrator to run.
    const GUIDE: &str = include_str!("../../../guide/postgres.md");

    #[test]
    fn the_statements_of_the_guide_are_those_of_the_message() {
        let words = |text: &str| {
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            words.replace("( ", "(").replace(" )", ")")
        };
        let message = create_and_grant("app");
        let (_, statements) = message.split_once("run: ").unwrap();
        assert!(words(GUIDE).contains(&words(statements)), "{statements}");
    }

    #[test]
    fn the_columns_are_those_of_the_table() {
        let names = COLUMNS.split(", ").map(|column| column.split(' ').next().unwrap());
        assert_eq!(names.collect::<Vec<_>>().join(", "), COLUMN_NAMES);
    }
}
