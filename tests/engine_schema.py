"""The few tables of an engine's database that matter here, in the columns of three eras, filled.

One small site: three hosts that can run the engine, of which one is free; an ordinary host; seven
machines. Every trap of real dumps is in it: functions whose bodies look like rows, quoted columns,
tabs and line ends in comments, two hosts of one name, an address instead of a name.
"""

H1, H2, H3, H4 = (f"{n}{n}{n}{n}{n}{n}{n}{n}-0000-4000-8000-00000000000{n}" for n in "1234")
C1, C2 = "c1c1c1c1-0000-4000-8000-000000000001", "c2c2c2c2-0000-4000-8000-000000000002"
POOL = "d1d1d1d1-0000-4000-8000-000000000001"
DATA, HOSTED = "e1e1e1e1-0000-4000-8000-000000000001", "e2e2e2e2-0000-4000-8000-000000000002"
ENGINE_VM = "0a0a0a0a-0000-4000-8000-000000000001"
UUID_1 = "4c4c4544-0051-3010-8057-b2c04f4e3531"
SECRET = "s3cret-in-the-options"


def vm(number: int) -> str:
    return f"0b0b0b0b-0000-4000-8000-00000000000{number}"


FUNCTION = r"""
CREATE FUNCTION fn_trap() RETURNS text LANGUAGE plpgsql AS $body$
BEGIN
  -- don't be fooled
  /*
COPY vds_static (vds_id, vds_name) FROM stdin;
99999999-0000-4000-8000-000000000009	trap
\.
  */
  RETURN 'it''s ; "quoted" \';
END; $body$;
COMMENT ON FUNCTION fn_trap() IS 'a comment
COPY public.vds_static (vds_id) FROM stdin;
with ''quotes''';
"""

_BULK = """
CREATE TABLE audit_log (audit_log_id bigint, message text, "user" text, "Odd, name" text);
CREATE TABLE vm_ovf_generations (vm_guid uuid, ovf_data text);
CREATE SCHEMA other; CREATE TABLE other.vds_static (vds_id uuid, vds_name text);
INSERT INTO other.vds_static VALUES ('99999999-0000-4000-8000-000000000009', 'trap');
INSERT INTO audit_log SELECT n, md5(n::text) || E'\\t\\\\ \\n it''s' || n, NULL, '\\N'
  FROM generate_series(1, 2000) n;
INSERT INTO vm_ovf_generations VALUES (NULL, repeat('<OVF x="y">', 150000));
"""


def schema(era: str) -> str:
    """SQL that makes and fills the tables; era is `3.5`, `3.6` or `4.5`."""
    return "\n".join((FUNCTION, _hosts(era), _machines(era), _storage(era), _options(era), _BULK))


def _hosts(era: str) -> str:
    group = "cluster_id" if era == "4.5" else "vds_group_id"
    power = "" if era == "3.5" else "CREATE TABLE fence_agents (id uuid, vds_id uuid, type text);"
    agents = "" if era == "3.5" else f"INSERT INTO fence_agents VALUES ('{H2}', '{H2}', 'ipmilan');"
    configured = ", hosted_engine_configured boolean" if era == "4.5" else ""
    v6 = ", ipv6_address text" if era == "4.5" else ""
    flag = (lambda value: f", {value}") if era == "4.5" else (lambda value: "")
    six = (lambda value: f", {value}") if era == "4.5" else (lambda value: "")
    return f"""
CREATE TABLE vds_static (vds_id uuid PRIMARY KEY, vds_name text, vds_unique_id text,
  host_name text, port int, {group} uuid, pm_enabled boolean, free_text_comment text, "Weird,
  ""x" int);
CREATE TABLE vds_dynamic (vds_id uuid, status int, vm_count int, hw_uuid text{configured});
CREATE TABLE vds_statistics (vds_id uuid, ha_score int, ha_configured boolean);
CREATE TABLE vds_interface (id uuid, vds_id uuid, name text, network_name text, addr text,
  mac_addr text{v6});
CREATE TABLE network (id uuid, name text);
CREATE TABLE network_cluster (network_id uuid, cluster_id uuid, management boolean);
{power}
INSERT INTO vds_static VALUES
 ('{H1}', 'node1', '{UUID_1}', 'node1.example.com', 54321, '{C1}', false,
  E'tab\\there\\nline \\\\ 漢字', NULL),
 ('{H2}', 'node2', NULL, '10.1.0.12', 54321, '{C1}', true, '', 7),
 ('{H3}', 'node3', 'AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE_00:11:22:33:44:55', 'node3.example.com',
  54321, '{C1}', false, '\\.', NULL),
 ('{H4}', 'node1', '', 'plain.example.com', 54321, '{C2}', false, '\\N', NULL);
INSERT INTO vds_dynamic VALUES ('{H1}', 3, 5, '{UUID_1}'{flag("true")}),
 ('{H2}', 3, 0, 'bbbbbbbb-0000-4000-8000-000000000002'{flag("true")}),
 ('{H3}', 2, 0, NULL{flag("true")}), ('{H4}', 2, 0, NULL{flag("false")});
INSERT INTO vds_statistics VALUES ('{H1}', 3400, true), ('{H2}', 3400, true),
 ('{H3}', 0, true), ('{H4}', 0, false);
INSERT INTO network VALUES ('{DATA}', 'mgmt-net');
INSERT INTO network_cluster VALUES ('{DATA}', '{C2}', true);
INSERT INTO vds_interface VALUES
 ('{H1}', '{H1}', 'eth0', 'ovirtmgmt', '10.1.0.11', '52:54:00:00:00:01'{six("'fd00::11'")}),
 ('{H2}', '{H2}', 'eth0', 'ovirtmgmt', '10.1.0.12', '52:54:00:00:00:02'{six("NULL")}),
 ('{H3}', '{H3}', 'eth0', 'storage', '192.168.7.3', '52:54:00:00:00:03'{six("NULL")}),
 ('{H3}', '{H3}', 'eth1', 'ovirtmgmt', '10.1.0.13', '52:54:00:00:00:04'{six("NULL")}),
 ('{H4}', '{H4}', 'eth0', 'mgmt-net', '10.2.0.14', '52:54:00:00:00:05'{six("NULL")});
{agents}
"""


def _machines(era: str) -> str:
    group = "cluster_id" if era == "4.5" else "vds_group_id"
    lease = ", lease_sd_id uuid" if era == "4.5" else ""
    origin = 5 if era == "3.5" else 6

    def row(key, name, kind, ha, origin=3, leased="NULL"):
        tail = f", {leased}" if era == "4.5" else ""
        return f"('{key}', '{name}', '{kind}', {origin}, {ha}, '{C1}'{tail})"

    rows = ",\n".join(
        (
            row(ENGINE_VM, "HostedEngine", "VM", "false", origin),
            row(vm(1), "ha-up", "VM", "true"),
            row(vm(2), "ha-leased", "VM", "true", leased=f"'{DATA}'"),
            row(vm(3), "plain-up", "VM", "false"),
            row(vm(4), "moving", "VM", "false"),
            row(vm(5), "resting", "VM", "false"),
            row(vm(6), "blank", "TEMPLATE", "false"),
        )
    )
    return f"""
CREATE TABLE vm_static (vm_guid uuid, vm_name text, entity_type text, origin int,
  auto_startup boolean, {group} uuid{lease});
CREATE TABLE vm_dynamic (vm_guid uuid, status int, run_on_vds uuid, migrating_to_vds uuid);
INSERT INTO vm_static VALUES {rows};
INSERT INTO vm_dynamic VALUES ('{ENGINE_VM}', 1, '{H1}', NULL), ('{vm(1)}', 1, '{H1}', NULL),
 ('{vm(2)}', 1, '{H2}', NULL), ('{vm(3)}', 1, '{H1}', NULL), ('{vm(4)}', 5, '{H1}', '{H2}'),
 ('{vm(5)}', 0, NULL, NULL);
"""


def _storage(era: str) -> str:
    if era == "4.5":
        clusters = f"""CREATE TABLE cluster (cluster_id uuid, name text, compatibility_version text,
  storage_pool_id uuid, fencing_enabled boolean);
INSERT INTO cluster VALUES ('{C1}', 'Default', '4.7', '{POOL}', true), ('{C2}', 'Two', '4.7',
  '{POOL}', false);"""
    else:
        clusters = f"""CREATE TABLE vds_groups (vds_group_id uuid, name text,
  compatibility_version text,
  storage_pool_id uuid);
INSERT INTO vds_groups VALUES ('{C1}', 'Default', '{era}', '{POOL}'), ('{C2}', 'Two', '{era}',
  '{POOL}');"""
    return f"""{clusters}
CREATE TABLE storage_pool (id uuid, name text, status int, spm_vds_id uuid,
  compatibility_version text);
CREATE TABLE storage_domain_static (id uuid, storage text, storage_name text,
  storage_domain_type int, storage_type int);
CREATE TABLE storage_pool_iso_map (storage_id uuid, storage_pool_id uuid, status int);
CREATE TABLE storage_server_connections (id text, connection text, user_name text, password text);
CREATE TABLE vm_device (device_id uuid, vm_id uuid, type text, device text);
CREATE TABLE images (image_guid uuid, image_group_id uuid, active boolean);
CREATE TABLE image_storage_domain_map (image_id uuid, storage_domain_id uuid);
INSERT INTO storage_pool VALUES ('{POOL}', 'Default', 1, '{H1}', '4.7');
INSERT INTO storage_server_connections VALUES ('k1', 'nas.example.com:/data', NULL, '{SECRET}'),
 ('k2', 'nas.example.com:/hosted', NULL, NULL);
INSERT INTO storage_domain_static VALUES ('{DATA}', 'k1', 'data', 0, 1), ('{HOSTED}', 'k2',
  'hosted_storage', 1, 1);
INSERT INTO storage_pool_iso_map VALUES ('{DATA}', '{POOL}', 3), ('{HOSTED}', '{POOL}', 3);
INSERT INTO vm_device VALUES ('{vm(7)}', '{ENGINE_VM}', 'disk', 'disk'), ('{vm(8)}', '{vm(1)}',
  'disk', 'disk'),
 ('{vm(9)}', '{ENGINE_VM}', 'interface', 'bridge');
INSERT INTO images VALUES ('{H1}', '{vm(7)}', true), ('{H2}', '{vm(8)}', true), ('{H3}',
  '{vm(7)}', false);
INSERT INTO image_storage_domain_map VALUES ('{H1}', '{HOSTED}'), ('{H2}', '{DATA}'), ('{H3}',
  '{DATA}');
"""


def _options(era: str) -> str:
    log = (
        ""
        if era == "3.5"
        else """
CREATE TABLE engine_backup_log (scope text, done_at timestamptz, is_passed boolean, fqdn text);
INSERT INTO engine_backup_log VALUES ('files', '2020-01-01', true, 'old.example.com'),
 ('files', '2026-01-01', true, 'engine.example.com');"""
    )
    return f"""
CREATE TABLE vdc_options (option_id int, option_name text, option_value text, version text);
INSERT INTO vdc_options VALUES (1, 'LocalAdminPassword', '{SECRET}', 'general'),
 (2, 'DisableFenceAtStartupInSec', '300', 'general');{log}
"""
