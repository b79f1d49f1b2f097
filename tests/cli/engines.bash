# SPDX-License-Identifier: MIT
# A Slurm of one node, and an sshd on the loopback, for the tests of clusters. Each has its files in
# $BATS_FILE_TMPDIR and a port of its own, and is ended by the file that started it.

# A port of the loopback that nobody uses now.
free_port() {
	"$PYTHON" -c 'import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1])'
}

has_slurm() {
	command -v slurmctld >/dev/null && command -v slurmd >/dev/null &&
		command -v sbatch >/dev/null && command -v munged >/dev/null
}

# start NAME COMMAND...: in the background; stop_engines ends it.
start_engine() {
	local name=$1
	shift
	"$@" >"$engines/log/$name" 2>&1 </dev/null 3>&- &
	echo "$!" >>"$engines/pids"
}

start_slurm() {
	engines=$BATS_FILE_TMPDIR/slurm
	mkdir -p "$engines"/{state,spool,log}
	local user port
	user=$(id -un)
	port=$(free_port)
	cat >"$engines/slurm.conf" <<-END
		ClusterName=zipmap
		SlurmctldHost=localhost
		SlurmUser=$user
		SlurmdUser=$user
		AuthType=auth/munge
		AuthInfo=socket=$engines/munge.socket
		SlurmctldPort=$port
		SlurmdPort=$(free_port)
		StateSaveLocation=$engines/state
		SlurmdSpoolDir=$engines/spool
		SlurmctldPidFile=$engines/slurmctld.pid
		SlurmdPidFile=$engines/slurmd.pid
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		SelectType=select/cons_tres
		SelectTypeParameters=CR_Core
		SlurmdParameters=config_overrides
		SchedulerParameters=batch_sched_delay=0,sched_interval=1
		MpiDefault=none
		KillWait=2
		ReturnToService=2
		NodeName=localhost CPUs=8 State=UNKNOWN
		PartitionName=all Nodes=localhost Default=YES MaxTime=INFINITE State=UP
	END
	export SLURM_CONF=$engines/slurm.conf
	head -c 128 /dev/urandom >"$engines/key"
	chmod 600 "$engines/key"
	start_engine munged munged -F --force --key-file="$engines/key" --socket="$engines/munge.socket" \
		--pid-file="$engines/munge.pid" --log-file="$engines/log/munge" --seed-file="$engines/seed"
	wait_until test -S "$engines/munge.socket"
	start_engine slurmctld slurmctld -D
	start_engine slurmd slurmd -D -N localhost
	wait_until slurm_is_idle
}

slurm_is_idle() {
	[[ $(sinfo -h -o %t 2>/dev/null) == idle ]]
}

has_sshd() {
	[[ -x /usr/sbin/sshd ]] && command -v ssh >/dev/null && command -v parallel >/dev/null
}

# An sshd that lets this user in by a key of its own, with zipmap in its PATH. $ssh is how it is
# reached; it may say what TMPDIR is there.
start_sshd() {
	engines=$BATS_FILE_TMPDIR/ssh
	mkdir -p "$engines"/{log,bin}
	ln -s "$ZIPMAP" "$engines/bin/zipmap"
	# What starts Debian's sshd makes this directory, which it wants if it is root.
	[[ $(id -u) -ne 0 || -d /run/sshd ]] || { mkdir /run/sshd && : >"$engines/made-run"; }
	ssh-keygen -q -t ed25519 -N '' -f "$engines/host"
	ssh-keygen -q -t ed25519 -N '' -f "$engines/user"
	local port
	port=$(free_port)
	start_engine sshd /usr/sbin/sshd -D -e -f /dev/null -h "$engines/host" \
		-o Port="$port" -o ListenAddress=127.0.0.1 -o AuthorizedKeysFile="$engines/user.pub" \
		-o StrictModes=no -o PermitRootLogin=yes -o PasswordAuthentication=no -o PidFile=none \
		-o UsePAM=no -o AcceptEnv=TMPDIR -o "SetEnv=PATH=$engines/bin:$PATH"
	ssh="ssh -p $port -i $engines/user -o BatchMode=yes -o StrictHostKeyChecking=no
		-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
	ssh=${ssh//[$'\n\t']/ }
	export ssh
	# shellcheck disable=SC2086 # several words
	wait_until $ssh 127.0.0.1 true 2>/dev/null
}

stop_engines() {
	local engines pid
	for engines in "$BATS_FILE_TMPDIR"/slurm "$BATS_FILE_TMPDIR"/ssh; do
		[[ -e $engines/pids ]] || continue
		tac "$engines/pids" | while read -r pid; do
			kill "$pid" 2>/dev/null || true
		done
		while read -r pid; do
			wait_until eval "! kill -0 $pid 2>/dev/null"
		done <"$engines/pids"
		[[ ! -e $engines/made-run ]] || rmdir /run/sshd
	done
}
