"""Storage and system of the classic generation: reference, section 3.1."""

from __future__ import annotations

from functools import partial

from config.interviews.hosted_engine import checks
from config.interviews.hosted_engine.builds import CLASSIC, GUIDE_BUILD
from config.interviews.hosted_engine.conditions import (
    additional_host,
    block,
    both,
    by_path,
    filled,
    gluster,
    holds,
    iscsi,
)
from config.interviews.hosted_engine.defaults import (
    storage_types,
)
from config.interviews.hosted_engine.key_names import (
    CORE,
    ENGINE,
    FIRST_HOST,
    STORAGE,
)
from config.interviews.hosted_engine.stored import (
    flag,
    secret,
    text,
    whole,
)
from config.interviews.hosted_engine.table import Row, Saved

_row = partial(Row, era=CLASSIC)

STORAGE_ROWS = (
    _row(
        "3", "OVEHOSTED_STORAGE_DOMAIN_TYPE", "storage_type", default="nfs3",
        choices=("nfs3", "nfs4", "iscsi", "fc", "glusterfs"), check=storage_types,
        saved=(Saved(STORAGE + "domainType", text("storage_type")),),
        fragments=("specify the storage you would like to use",),
    ),
    _row(
        "3b", "OVEHOSTED_GLUSTER_PROVISIONING", "gluster_provisioning", default=False,
        first=GUIDE_BUILD, condition=gluster,
        saved=(Saved(STORAGE + "glusterProvisioningEnabled", flag("gluster_provisioning")),),
        check=checks.only(False, "the tool itself refuses this as unsupported.",
                          "Say no, and give a volume that exists."),
    ),
    _row(
        "3b", "OVEHOSTED_GLUSTER_BRICKS", "gluster_brick", first=GUIDE_BUILD,
        condition=both(gluster, holds("gluster_provisioning", True)),
        saved=(Saved(STORAGE + "glusterBrick", text("gluster_brick")),),
    ),
    _row(
        "3b", "", "gluster_share", first=GUIDE_BUILD,
        condition=both(gluster, holds("gluster_provisioning", True)),
        saved=(Saved(STORAGE + "glusterProvisionedShareName", text("gluster_share")),),
    ),
    _row(
        "4", "OVEHOSTED_STORAGE_DOMAIN_CONNECTION", "storage_connection", condition=by_path,
        saved=(Saved(STORAGE + "storageDomainConnection", text("storage_connection")),),
        fragments=("full shared storage connection path",), check=checks.connection,
    ),
    _row(
        "4", "", "mount_options", condition=by_path, check=checks.options,
        saved=(Saved(STORAGE + "mntOptions", text("mount_options")),),
    ),
    _row(
        "5", "OVEHOSTED_STORAGE_ISCSI_IP_ADDR", "iscsi_portal", condition=iscsi,
        saved=(Saved(STORAGE + "iSCSIPortalIPAddress", text("iscsi_portal")),),
        fragments=("iSCSI portal IP address",), check=checks.portal,
    ),
    _row(
        "6", "OVEHOSTED_STORAGE_ISCSI_IP_PORT", "iscsi_port", condition=iscsi, default="3260",
        saved=(Saved(STORAGE + "iSCSIPortalPort", text("iscsi_port")),),
        fragments=("iSCSI portal port",), check=checks.ports,
    ),
    _row(
        "7", "OVEHOSTED_STORAGE_ISCSI_USER", "iscsi_user", condition=iscsi,
        saved=(Saved(STORAGE + "iSCSIPortalUser", text("iscsi_user")),),
        fragments=("iSCSI portal user",), check=checks.chap_user,
    ),
    _row(
        "8", "OVEHOSTED_STORAGE_ISCSI_PASSWORD", "iscsi_password",
        condition=both(iscsi, filled("iscsi_user")),
        saved=(Saved(STORAGE + "iSCSIPortalPassword", secret("iscsi_password"), by_tool=False,
                     secret=True),),
        fragments=("iSCSI portal password",),
    ),
    _row(
        "9", "OVEHOSTED_STORAGE_ISCSI_TARGET", "iscsi_target", condition=iscsi,
        saved=(Saved(STORAGE + "iSCSITargetName", text("iscsi_target")),),
        fragments=("specify the target name",), check=checks.target,
    ),
    _row(
        "10", "OVEHOSTED_STORAGE_BLOCKD_LUN", "lun", condition=block, listed=True,
        also=("OVEHOSTED_STORAGE_ISCSI_LUN",),
        saved=(Saved(STORAGE + "LunID", text("lun")),),
        fragments=("select the destination LUN",), check=checks.lun,
    ),
    _row(
        "10b", "OVEHOSTED_FORCE_CREATEVG", "force_create_vg", condition=block, default=False,
        first=GUIDE_BUILD, words=(("yes", "Force"), ("no", "Abort")),
        saved=(Saved(ENGINE + "forceCreateVG", flag("force_create_vg")),),
        fragments=("you must use Force",),
    ),
    _row(
        "11", "OVEHOSTED_ADDITIONAL_HOST", "additional_host", default=False, last="2.0",
        saved=(Saved(CORE + "isAdditionalHost", flag("additional_host")),),
    ),
    _row(
        "12", "OVEHOSTED_HOST_ID", "host_id", default=2, last="2.0", condition=additional_host,
        saved=(Saved(STORAGE + "hostID", whole("host_id", "int")),),
        check=checks.between(1, 250, "A host id"),
    ),
    _row(
        "12b", "OVEHOSTED_RE_DEPLOY_HOST", "redeploy_host", default=True, last="2.0",
        condition=additional_host,
        saved=(Saved(CORE + "additionalHostReDeployment", flag("redeploy_host")),),
    ),
    _row(
        "13", "OVEHOSTED_STORAGE_DOMAIN_NAME", "storage_domain_name", default="hosted_storage",
        last=GUIDE_BUILD,
        saved=(Saved(STORAGE + "storageDomainName", text("storage_domain_name")),),
        fragments=("provide storage domain name",), check=checks.word,
    ),
    _row(
        "14", "OVEHOSTED_STORAGE_DATACENTER_NAME", "storage_pool_name",
        default="hosted_datacenter", last=GUIDE_BUILD,
        saved=(Saved(STORAGE + "storageDatacenterName", text("storage_pool_name")),),
        fragments=("enter local datacenter name",), check=checks.word,
    ),
)  # fmt: skip

SYSTEM_ROWS = (
    _row(
        "15", "OVEHOSTED_CORE_FETCH_ANSWER", "fetch_answers", default=True, last=GUIDE_BUILD,
        condition=additional_host,
        saved=(Saved(FIRST_HOST + "fetchAnswer", flag("fetch_answers")),),
    ),
    _row(
        "15", "OVEHOSTED_NET_FIRST_HOST_FQDN", "first_host_fqdn", last=GUIDE_BUILD,
        condition=both(additional_host, holds("fetch_answers", True)),
        saved=(Saved(FIRST_HOST + "fqdn", text("first_host_fqdn")),), check=checks.full_name,
    ),
    _row(
        "15", "HOST_FIRST_HOST_ROOT_PASSWORD", "first_host_password", last=GUIDE_BUILD,
        condition=both(additional_host, holds("fetch_answers", True)),
        saved=(Saved(FIRST_HOST + "rootPassword", secret("first_host_password"), by_tool=False,
                     secret=True),),
    ),
    _row(
        "15", "", "first_host_port", default=22, last=GUIDE_BUILD,
        condition=both(additional_host, holds("fetch_answers", True)),
        saved=(Saved(FIRST_HOST + "sshdPort", whole("first_host_port", "int")),),
        check=checks.between(1, 65535, "A port"),
    ),
)  # fmt: skip
