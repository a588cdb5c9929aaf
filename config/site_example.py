"""The commented example of a site file, as `rekindle site --example` prints it."""

EXAMPLE = """\
# The site file of Rekindle: the hosts, hypervisors and directory of one place.
# Without --site it is read from ~/.config/rekindle/site.yaml.
# Check it with:  rekindle site --check FILE     and then:  rekindle doctor
# Lines that begin with "# " and a field are optional; the value shown is an example.

# The name that stands in every title line.
name: berne

# One entry for each KVM host.
nodes:
    # The name as the directory says it in sstNode.
  - name: vm-node-01.example.org
    # How libvirt is reached: qemu:///system on this host, or qemu+ssh://root@HOST/system.
    uri: qemu+ssh://root@vm-node-01.example.org/system
    # How commands and files reach the host. "kind: local" is this host and needs nothing else.
    shell:
      kind: ssh
      host: vm-node-01.example.org
      # port: 22
      user: root
      key_file: /etc/rekindle/ssh/id_ed25519
      # password: prompt
      known_hosts: /etc/rekindle/ssh/known_hosts
    # The address that consoles (VNC, SPICE) listen on at this node.
    console_address: 192.0.2.11
    # bridges: [vmbr0, vmbr1]     # only where they cannot be looked up on the host

# Where the machines' entries are kept: a server (url) or a folder of LDIF files (ldif_folder).
directory:
  base: dc=example,dc=org
  # ldap:// (give start_tls too), ldaps://, or ldapi:// with the path of a socket.
  url: ldaps://ldap.example.org
  # start_tls: true
  # ca_file: /etc/ssl/certs/example-ca.pem
  bind_dn: cn=Manager,dc=example,dc=org
  # A secret never stands here, only where to get it:
  # prompt, file:/PATH (mode 0600), environment:NAME, keyring:SERVICE/USER.
  password: prompt
  # ldif_folder: /srv/directory

# Where files live when a machine's backup plan does not say. These are the defaults.
storage:
  live_root: /var/virtualization
  backup_root: /var/backup/virtualization
  retain_root: /var/virtualization/retain

# Hosts for a self-hosted oVirt engine: where it is deployed, backed up and restored.
# engine_hosts:
#   - name: host-01.example.org
#     shell:
#       kind: ssh
#       host: host-01.example.org
#       user: root
#       key_file: /etc/rekindle/ssh/id_ed25519
#       known_hosts: /etc/rekindle/ssh/known_hosts
#     command: hosted-engine         # the program that deploys, with arguments if need be
#     work_folder: /var/lib/rekindle # on the host; a run's own folder in it has mode 0700

# The oVirt engine that manages those hosts.
# engine:
#   url: https://engine.example.org
#   user: admin@internal           # with Keycloak: admin@ovirt@internalsso
#   password: prompt
#   # Without a CA file the engine's own CA is fetched, shown with its fingerprint, and kept in
#   # known_cas once you said that it is right (default: ~/.config/rekindle/known_cas).
#   # ca_file: /etc/rekindle/engine-ca.pem
#   # known_cas: /etc/rekindle/known_cas
#   machine:                       # the virtual machine that the engine runs in
#     name: engine.example.org
#     shell:
#       kind: ssh
#       host: engine.example.org
#       user: root
#       key_file: /etc/rekindle/ssh/id_ed25519
#       known_hosts: /etc/rekindle/ssh/known_hosts
#     work_folder: /var/lib/rekindle

# Where the engine's backups go: a server that does not depend on the engine or its storage.
# backup_servers:
#   - name: backup.example.org
#     shell:
#       kind: ssh
#       host: backup.example.org
#       user: root
#       key_file: /etc/rekindle/ssh/id_ed25519
#       known_hosts: /etc/rekindle/ssh/known_hosts
#     folder: /var/backup/ovirt-engine

# practice: true               # a practice site: every screen then says DRILL
"""
