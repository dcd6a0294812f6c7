#!/bin/sh
# postgres-init.sh: the two databases of compose.yaml, each owned by a role of its own that may log in and nothing more.
#
# PostgreSQL's image runs it once, when the data directory is new. The passwords come from the environment and go to
# psql's standard input, never into an argument that others could read.
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres <<'SQL'
\getenv edge_password EDGE_DB_PASSWORD
\getenv hq_password HQ_DB_PASSWORD
CREATE ROLE edge LOGIN PASSWORD :'edge_password';
CREATE ROLE hq LOGIN PASSWORD :'hq_password';
CREATE DATABASE edge OWNER edge;
CREATE DATABASE hq OWNER hq;
REVOKE CONNECT ON DATABASE edge, hq FROM PUBLIC;
SQL
