"""The roles and the database of the sandbox, made where they are missing."""

import psycopg
from psycopg import sql

GROUP = "assets_app"


def provision(superuser_url: str, database: str, login: str, password: str) -> None:
    """Make the application's login and its database. Safe to repeat.

    What the application may do is granted to the group by the migrations; the login only
    inherits it.

    Args:
        superuser_url: Of any database of the server.
        database: The database to make; it belongs to the superuser.
        login: The role with which the application connects.
        password: Its password, set anew each time.
    """
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        if not _exists(connection, "pg_roles", "rolname", GROUP):
            connection.execute(f"CREATE ROLE {GROUP} NOLOGIN")
        if not _exists(connection, "pg_roles", "rolname", login):
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN IN ROLE {}").format(
                    sql.Identifier(login), sql.Identifier(GROUP)
                )
            )
        connection.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(login), password)
        )
        if not _exists(connection, "pg_database", "datname", database):
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))


def _exists(connection: psycopg.Connection, table: str, column: str, name: str) -> bool:
    query = sql.SQL("SELECT FROM {} WHERE {} = {}").format(
        sql.Identifier(table), sql.Identifier(column), name
    )
    return connection.execute(query).rowcount == 1
