"""The statement that lists what keeps the rows right, by name: it must be there after a restore.

Triggers, constraints, indexes, functions, views and grants; of functions also a digest of the body.
How the server words a definition changes with its version, as does what it counts as a constraint
of its own (NOT NULL) and what an owner may do (MAINTAIN); so those are left out.
"""

from typing import Final

# Schemas that are not the server's own, and objects that no extension brought.
OURS: Final = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
UNBROUGHT: Final = "NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = {oid} AND e.deptype = 'e')"

_TRIGGERS: Final = """
SELECT format('trigger %s.%s (%s)', c.oid::regclass, t.tgname, t.tgenabled), c.oid, c.relnamespace
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal
"""
_CONSTRAINTS: Final = """
SELECT format('constraint %s.%s%s', conrelid::regclass, conname,
    CASE WHEN convalidated THEN '' ELSE ' (not valid)' END), conrelid, connamespace
FROM pg_constraint WHERE contype <> 'n' AND conrelid <> 0
"""
_INDEXES: Final = """
SELECT format('index %s%s%s', c.oid::regclass, CASE WHEN i.indisunique THEN ' (unique)' END,
    CASE WHEN NOT i.indisvalid THEN ' (not valid)' END), c.oid, c.relnamespace
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
"""
_FUNCTIONS: Final = """
SELECT format('function %s %s', oid::regprocedure, left(encode(sha256(convert_to(
    concat(prosrc, prosecdef, proconfig), 'UTF8')), 'hex'), 16)), oid, pronamespace
FROM pg_proc
"""
_VIEWS: Final = """
SELECT format('view %s', oid::regclass), oid, relnamespace
FROM pg_class WHERE relkind IN ('v', 'm')
"""
_GRANTS: Final = """
SELECT format('grant of %s on %s to %s', g.privilege_type, granted.name,
    coalesce(r.rolname, 'everybody')), granted.oid, granted.namespace
FROM (
    SELECT oid::regclass::text AS name, oid, relnamespace AS namespace, relowner AS owner, coalesce(
        relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner)) AS acl
    FROM pg_class WHERE relkind IN ('r', 'v', 'm', 'S')
    UNION ALL
    SELECT oid::regprocedure::text, oid, pronamespace, proowner,
        coalesce(proacl, acldefault('f', proowner))
    FROM pg_proc
    UNION ALL
    SELECT nspname, oid, oid, nspowner, coalesce(nspacl, acldefault('n', nspowner))
    FROM pg_namespace
) AS granted CROSS JOIN LATERAL aclexplode(granted.acl) AS g
LEFT JOIN pg_roles r ON r.oid = g.grantee
WHERE g.grantee <> granted.owner AND g.privilege_type <> 'MAINTAIN'
"""
_ALL: Final = " UNION ALL ".join((_TRIGGERS, _CONSTRAINTS, _INDEXES, _FUNCTIONS, _VIEWS, _GRANTS))
GUARDS: Final = f"""
SELECT guard FROM ({_ALL}) AS guards (guard, oid, namespace)
JOIN pg_namespace n ON n.oid = guards.namespace
WHERE {OURS} AND {UNBROUGHT.format(oid="guards.oid")} ORDER BY guard COLLATE "C"
"""  # noqa: S608  (constants only)
