"""Dialogs of each generation of otopi, typed from the reference."""

BOUNDARY = "--=451b80dc-996f-432e-9e4f-2b29ef6d1141=--"
ABORT = "--=451b80dc-996f-ABORT-9e4f-2b29ef6d1141=--"

# otopi 1.2/1.3 (oVirt 3.5, 3.6 alpha): the request comes first, its notes after it.
OLD_MACHINE = """\
***L:INFO Stage: Initializing
### Continuing will configure this host for serving as hypervisor.
***Q:STRING DEPLOY_PROCEED
### Are you sure you want to continue? (Yes, No)[Yes]:
"""

OLD_MACHINE_NEXT = """\
***L:INFO Stage: Environment customization
###
###           --== STORAGE CONFIGURATION ==--
###
***Q:STRING OVEHOSTED_STORAGE_DOMAIN_TYPE
### During customization use CTRL-D to abort.
### Please specify the storage you would like to use (glusterfs, iscsi, fc, nfs3, nfs4)[nfs3]:
"""

# otopi 1.5 and later: a frame round each question, closed before the tool waits.
FRAMED = """\
***L:INFO Stage: Initializing
**%EventsListStart
**%EventsListEntry STAGE boot METHOD otopi.plugins.otopi.dialog.machine.Plugin._init (None)
**%EventsListEntry STAGE init METHOD otopi.plugins.otopi.core.log.Plugin._init (None)
**%EventsListEntry STAGE setup METHOD a.b.Plugin._setup (named)
**%EventsListEnd
**%EventStart STAGE init METHOD otopi.plugins.otopi.core.log.Plugin._init (None)
**%EventEnd STAGE init METHOD otopi.plugins.otopi.core.log.Plugin._init (None)
**%SomethingNew that nobody knows
**%QStart: OVEHOSTED_NETWORK_TEST
### Please specify which way the network connectivity should be checked (ping, dns, tcp, none)[dns]:
**%QDefault: dns
**%QValidValues: ping|dns|tcp|none
**%QHidden: FALSE
***Q:STRING OVEHOSTED_NETWORK_TEST
**%QEnd: OVEHOSTED_NETWORK_TEST
"""

FRAMED_SECRET = """\
**%QStart: ENGINE_ADMIN_PASSWORD
### Enter engine admin password:
**%QHidden: TRUE
***Q:STRING ENGINE_ADMIN_PASSWORD
**%QEnd: ENGINE_ADMIN_PASSWORD
"""

HUMAN = (
    "[ INFO  ] Stage: Initializing\n"
    "[ INFO  ] Stage: Environment setup\n"
    "          During customization use CTRL-D to abort.\n"
    "          Continuing will configure this host for serving as hypervisor and create a VM.\n"
    "          Are you sure you want to continue? (Yes, No)[Yes]:"
)

GUIDE_MENU = """\
The VM has been started.  Install the OS and shut down or reboot it.  \
To continue please make a selection:

  (1) Continue setup - VM installation is complete
  (2) Reboot the VM and restart installation
  (3) Abort setup
  (4) Destroy VM and abort setup

  (1, 2, 3, 4)[1]: """

LATER_MENU = """\
The VM has been started.
To continue please install OS and shutdown or reboot the VM.

Make a selection from the options below:
  (1) Continue setup - OS installation is complete
  (2) Abort setup
  (3) Power off and restart the VM
  (4) Destroy VM and abort setup

  (1, 2, 3, 4)[1]: """

LUNS = """\
The following luns have been found on the requested target:
\t[1]\t3514f0c5447600351\t30GiB\tXtremIO\tXtremApp
\t\tstatus: used, paths: 2 active

\t[2]\t3514f0c5447600352\t100.0GiB\tXtremIO\tXtremApp
\t\tstatus: free, paths: 2 active

Please select the destination LUN (1, 2) [1]: """

FATAL = (
    'fatal: [localhost]: FAILED! => {"changed": false, "msg": "Fault reason is \\"Operation'
    ' Failed\\". Fault detail is \\"[Cannot add Storage Connection]\\". HTTP response code is'
    ' 409."}'
)
