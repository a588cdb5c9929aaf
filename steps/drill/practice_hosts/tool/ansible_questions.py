"""Questions of 4.5 up to the bootstrap. Reference, section 4, rows 1 to 33.

The prompts are the tool's own words; the order was measured there.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from steps.drill.practice_hosts.first_world import ENGINE as ENGINE_NAME
from steps.drill.practice_hosts.tool import rules
from steps.drill.practice_hosts.tool.classic_engine import ask_mail
from steps.drill.practice_hosts.tool.dialects import INFO, Ended, Query
from steps.drill.practice_hosts.tool.session import Session, Wrong

CORE: Final = "OVEHOSTED_CORE/"
VM: Final = "OVEHOSTED_VM/"
NETWORK: Final = "OVEHOSTED_NETWORK/"
ENGINE: Final = "OVEHOSTED_ENGINE/"
_KEY: Final = re.compile(r"(ssh-|ecdsa-|sk-)\S+ [A-Za-z0-9+/=]{16,}( .*)?")


def restores(session: Session) -> bool:
    """Whether a backup is restored."""
    return bool(session.environment.text(CORE + "restoreFromFile"))


def ask_ip_version(session: Session) -> None:
    """Row 3: neither --4 nor --6 was given."""
    environment = session.environment
    if environment.get(NETWORK + "forceIPv4") or environment.get(NETWORK + "forceIPv6"):
        return
    note = (
        "It seems that neither --4 nor --6 was given. A host with both takes IPv6.\n"
        "Do you want to continue anyway? (@VALUES@)[@DEFAULT@]: "
    )
    query = Query("FORCE_IP_PROCEED", note, "No", rules.YES_NO, folded=True)
    if str(session.answered(CORE + "forceIpProceed", query)).lower() != "yes":
        raise Ended("Aborted by user")


def ask_network(session: Session) -> None:
    """Rows 4 to 6b."""
    session.dialect.note("\n--== HOST NETWORK CONFIGURATION ==--\n\n")
    gateway = session.world.read()["network"]["gateway"]
    note = "Please indicate the gateway IP address [@DEFAULT@]: "
    session.answered(NETWORK + "gateway", Query("OVEHOSTED_GATEWAY", note, gateway))
    session.say("Checking available network interfaces:")
    nics = tuple(sorted(session.host["nics"]))
    note = "Please indicate a nic to set ovirtmgmt bridge on (@VALUES@) [@DEFAULT@]: "
    session.answered(NETWORK + "bridgeIf", Query("ovehosted_bridge_if", note, nics[0], nics))
    _network_test(session)


def _network_test(session: Session) -> None:
    def check(text: str) -> str:
        target = session.environment.text(NETWORK + "gateway")
        answering = session.world.read()["network"]["answering"]
        if text == "ping" and target not in answering:
            raise Wrong(f"Failed network connectivity check: ping {target} does not answer")
        return text

    note = (
        "Please specify which way the network connectivity should be checked (@VALUES@)"
        " [@DEFAULT@]: "
    )
    query = Query("OVEHOSTED_NETWORK_TEST", note, "dns", ("ping", "dns", "tcp", "none"))
    if session.answered(NETWORK + "network_test", query, check) == "tcp":
        session.answered(
            NETWORK + "network_test_tcp_address",
            Query("OVEHOSTED_NETWORK_TEST_TCP_ADDRESS", "Please specify a tcp address to test: "),
        )
        session.answered(
            NETWORK + "network_test_tcp_port",
            Query("OVEHOSTED_NETWORK_TEST_TCP_PORT", "Please specify a tcp port to test: "),
            rules.port,
        )


def ask_place(session: Session) -> None:
    """Rows 7 to 11."""
    session.dialect.note("\n--== VM CONFIGURATION ==--\n\n")
    for key, name, noun, label in (
        ("datacenterName", "ovehosted_datacenter_name", "data center", "Data center"),
        ("clusterName", "ovehosted_cluster_name", "cluster", "Cluster"),
    ):
        default = None if restores(session) else "Default"
        note = (
            f"Please enter the name of the {noun} where you want to deploy this hosted-engine"
            " host.\n"
        )
        if restores(session):
            note += (
                "Please note that if you are restoring a backup that contains info about other"
                " hosted-engine hosts,\nthis value should exactly match the value used in the"
                " environment you are going to restore.\n"
            )
        note += f"{label}{' [@DEFAULT@]' if default else ''}: "
        check = rules.word("It can only consist of alphanumeric characters, - and _")
        session.answered(ENGINE + key, Query(name, note, default), check)
    if restores(session):
        _restore_extras(session)
    note = (
        "Keycloak integration is a technology preview feature for internal Single-Sign-On"
        " provider.\nConfigure Keycloak integration on the engine(@VALUES@) [@DEFAULT@]: "
    )
    rules.yes_no(session, CORE + "enableKeycloak", "ovehosted_enable_keycloak", note, "Yes")


def _restore_extras(session: Session) -> None:
    note = (
        "Renew engine CA on restore if needed?\n"
        "Please notice that if you choose Yes, all hosts will have to be later manually"
        " reinstalled from the engine.\n"
        "Renew CA if needed? (@VALUES@)[@DEFAULT@]: "
    )
    rules.yes_no(session, CORE + "renewPKIonRestore", "ovehosted_renew_pki", note, "No")
    note = (
        "Pause the execution after adding this host to the engine?\n"
        "You will be able to connect to the restored engine in order to manually review and"
        " remediate its configuration.\n"
        "This is normally not required when restoring an up to date and coherent backup.\n"
        "Pause after adding the host? (@VALUES@)[@DEFAULT@]: "
    )
    rules.yes_no(session, CORE + "pauseonRestore", "ovehosted_pause_on_restore", note, "No")


def ask_machine(session: Session) -> None:
    """Rows 12 to 26."""
    note = (
        "If you want to deploy with a custom engine appliance image, please specify the path to"
        " the OVA archive you would like to use.\n"
        "Entering no value will use the image from the ovirt-engine-appliance rpm, installing it"
        " if needed.\n"
        "Appliance image path []: "
    )
    session.answered(VM + "ovfArchive", Query("OVEHOSTED_VMENV_OVF_ANSIBLE", note, ""))
    _sizes(session)
    session.say("Detecting host timezone.")
    _names(session)
    _root(session)
    _hardening(session)
    _card(session)


def _sizes(session: Session) -> None:
    cpus, free = int(session.host["cpus"]), int(session.host["memory_mb"]) - 512
    note = (
        "Please specify the number of virtual CPUs for the VM. The default is the appliance OVF"
        " value [@DEFAULT@]: "
    )
    query = Query("ovehosted_vmenv_cpu", note, "4")
    problem = f"Invalid number of cpu specified: {{value}}, while only {cpus} are available"
    session.answered(VM + "vmVCpus", query, rules.number(1, cpus, problem))
    _proceed(session, VM + "vmVCpus", 2, "CPU_PROCEED")
    note = (
        "Please specify the memory size of the VM in MB. The default is the maximum available"
        " [@DEFAULT@]: "
        if free < 16384
        else "Please specify the memory size of the VM in MB. The default is the appliance OVF"
        " value [@DEFAULT@]: "
    )
    query = Query("ovehosted_vmenv_mem", note, str(min(16384, free)))
    problem = f"Invalid memory size specified: {{value}}, while only {free} MB are available"
    session.answered(VM + "vmMemSizeMB", query, rules.number(1, free, problem))
    _proceed(session, VM + "vmMemSizeMB", 4096, "MEMORY_PROCEED")
    session.environment.set(VM + "vmMemSizeMB", int(session.environment.text(VM + "vmMemSizeMB")))


def _proceed(session: Session, key: str, least: int, name: str) -> None:
    if int(session.environment.text(key)) >= least:
        return
    session.say(f"Minimum requirements for this value are not met: {least}", "WARNING")
    note = f"Continue with specified {rules.SMALL_VALUES[name]}? (@VALUES@)[@DEFAULT@]: "
    if session.ask(Query(name, note, "No", rules.YES_NO, folded=True)) != "yes":
        raise Ended("Aborted by user")


def _names(session: Session) -> None:
    if restores(session):
        session.say(f"Using Engine VM FQDN {ENGINE_NAME} from backup file.")
        session.say("Using domain name from backup file.")
        session.environment.set(VM + "cloudinitInstanceHostName", ENGINE_NAME)
    note = (
        "Please provide the FQDN you would like to use for the engine.\n"
        "Note: This will be the FQDN of the engine VM you are now going to launch,\n"
        "it should not point to the base host or to any other existing machine.\n"
        "Engine VM FQDN: "
    )
    query = Query("CI_INSTANCE_HOSTNAME", note)
    name = session.answered(VM + "cloudinitInstanceHostName", query, rules.engine_name(session))
    tail = str(name).partition(".")[2]
    if restores(session):
        session.environment.set(VM + "cloudinitInstanceDomainName", tail)
    note = "Please provide the domain name you would like to use for the engine appliance.\n"
    query = Query("CI_INSTANCE_DOMAINNAME", f"{note}Engine VM domain: [@DEFAULT@] ", tail)
    session.answered(VM + "cloudinitInstanceDomainName", query)
    session.environment.set("OVEHOSTED_NETWORK/fqdn", str(name))


def _root(session: Session) -> None:
    prompts = (
        "Enter root password that will be used for the engine appliance: ",
        "Confirm appliance root password: ",
    )
    rules.secret_twice(session, VM + "cloudinitRootPwd", "CI_ROOT_PASSWORD", prompts)

    def public_key(text: str) -> str:
        if text and _KEY.fullmatch(text) is None:
            raise Wrong("Invalid SSH public key: ssh-keygen does not accept it")
        return text

    note = (
        "You may provide an SSH public key, that will be added by the deployment script to the"
        " authorized_keys file of the root user in the engine appliance.\n"
        "This should allow you passwordless login to the engine machine after deployment.\n"
        "If you provide no key, authorized_keys will not be touched.\n"
        "SSH public key []: "
    )
    key = session.answered(VM + "rootSshPubkey", Query("CI_ROOT_SSH_PUBKEY", note, ""), public_key)
    if not key:
        session.say("Skipping appliance root ssh public key", "WARNING")
    note = "Do you want to enable ssh access for the root user? (@VALUES@) [@DEFAULT@]: "
    valid = ("yes", "no", "without-password")
    session.answered(VM + "rootSshAccess", Query("CI_ROOT_SSH_ACCESS", note, "yes", valid))


def _hardening(session: Session) -> None:
    note = "Do you want to apply an OpenSCAP security profile? (@VALUES@) [@DEFAULT@]: "
    scap = rules.yes_no(
        session, VM + "applyOpenScapProfile", "CI_APPLY_OPENSCAP_PROFILE", note, "No"
    )
    profile = None
    if scap:
        note = "Please provide the security profile you would like to use (@VALUES@) [@DEFAULT@]: "
        query = Query("CI_OPENSCAP_PROFILE_NAME", note, "stig", ("stig", "pci-dss"))
        profile = session.answered(VM + "OpenScapProfileName", query)
    if profile != "stig":
        note = "Do you want to enable FIPS? (@VALUES@) [@DEFAULT@]: "
        rules.yes_no(session, VM + "enableFips", "CI_ENABLE_FIPS", note, "No")


def _card(session: Session) -> None:
    note = (
        "Please specify a unicast MAC address for the VM, or accept a randomly generated default"
        " [@DEFAULT@]: "
    )
    query = Query("ovehosted_vmenv_mac", note, "00:16:3e:1d:77:02")
    session.answered(VM + "vmMACAddr", query, rules.mac(anchored=True))
    given = session.environment.get(VM + "cloudinitVMStaticCIDR")
    if given is None:
        note = "How should the engine VM network be configured? (@VALUES@)[@DEFAULT@]: "
        query = Query("CI_VM_STATIC_NETWORKING", note, "DHCP", ("DHCP", "Static"), folded=True)
        if session.ask(query) == "static":
            _static(session)
        else:
            session.environment.set(VM + "cloudinitVMStaticCIDR", False)
    note = (
        "Add lines for the appliance itself and for this host to /etc/hosts on the engine VM?\n"
        "Note: ensuring that this host could resolve the engine VM hostname is still up to you.\n"
        "Add lines to /etc/hosts? (@VALUES@)[@DEFAULT@]: "
    )
    rules.yes_no(session, VM + "cloudinitVMETCHOSTS", "CI_VM_ETC_HOST", note, "Yes")


def _static(session: Session) -> None:
    facts = session.world.read()
    own = ipaddress.ip_interface(f"{session.host['address']}/{facts['network']['prefix']}")
    network = ipaddress.IPv4Network(own.network)
    free = next(str(a) for a in network.hosts() if str(a) not in facts["network"]["answering"])
    note = "Please enter the IP address to be used for the engine VM [@DEFAULT@]: "
    query = Query("CLOUDINIT_VM_STATIC_IP_ADDRESS", note, free)
    address = session.answered(
        VM + "cloudinitVMStaticCIDR", query, lambda text: rules.address_in(text, network)
    )
    session.say(f"The engine VM will be configured to use {address}", INFO)
    note = (
        "Please provide a comma-separated list (max 3) of IP addresses of domain name servers for"
        " the engine VM\nEngine VM DNS (leave it empty to skip) [@DEFAULT@]: "
    )
    session.answered(VM + "cloudinitVMDNS", Query("CI_DNS", note, "192.0.2.2"), _name_servers)


def _name_servers(text: str) -> str:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    try:
        valid = [ipaddress.ip_address(part) for part in parts]
    except ValueError:
        raise Wrong(f"Invalid DNS address: {text}") from None
    if len(valid) > 3:
        raise Wrong("At most three DNS addresses are taken")
    return text


def ask_engine(session: Session) -> None:
    """Rows 27 to 32."""
    session.dialect.note("\n--== HOSTED ENGINE CONFIGURATION ==--\n\n")
    ask_mail(session)
    prompts = ("Enter engine admin password: ", "Confirm engine admin password: ")
    rules.secret_twice(session, ENGINE + "adminPassword", "ENGINE_ADMIN_PASSWORD", prompts)


def ask_host_name(session: Session) -> None:
    """Row 33, in the stage "Setup validation"."""

    def check(text: str) -> str:
        addresses = session.world.read()["dns"].get(text.lower(), [])
        if session.host["address"] not in addresses:
            raise Wrong(f"Host name is not valid: {text} did not resolve into this host's address")
        return text

    note = "Please provide the hostname of this host on the management network [@DEFAULT@]: "
    query = Query("OVESETUP_NETWORK_FQDN_first_HE", note, session.name)
    session.answered(NETWORK + "host_name", query, check)
    if session.environment.get(ENGINE + "appHostName") is None:
        session.environment.set(
            ENGINE + "appHostName", session.environment.text(NETWORK + "host_name")
        )
