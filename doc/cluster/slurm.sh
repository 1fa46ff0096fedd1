#!/bin/bash
# A search of the benchmark cifar as a Slurm array: task 0 is the coordinator, with the
# NATS server in it, the others are workers. Before, in a folder that all nodes see:
#
#   go build -o . ./benchmarks/cifar && go build -o . github.com/nats-io/nkeys/nk
#   sbatch slurm.sh
#
#SBATCH --job-name=autodropout
#SBATCH --array=0-16
#SBATCH --cpus-per-task=4
#SBATCH --mem=4G
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --signal=TERM@120
#SBATCH --output=slurm-%A_%a.txt
set -eu

run=${RUN:-run}                    # the run's folder; submit again to go on with it
host=${HOST_NAME:-$(hostname -f)}  # of this node, as the others know it
port=${PORT:-4222}
data=${DATA:-cifar-10-batches-bin}
settings=${SETTINGS:--preset study -in-flight 40}
secrets=$run-secrets               # who the coordinator is, and what it takes to be let in
export AUTODROPOUT_SIMD=${AUTODROPOUT_SIMD:-avx2} # what all nodes have

if [ "$SLURM_ARRAY_TASK_ID" -eq 0 ]; then
	umask 077
	mkdir -p "$secrets"
	rm -f "$secrets/url"
	[ -e "$secrets/user.nk" ] || ./nk -gen user >"$secrets/user.nk"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$host" \
		-addext "subjectAltName=DNS:$host" -keyout "$secrets/key.pem" -out "$secrets/cert.pem" 2>/dev/null
	echo "tls://$host:$port" >"$secrets/url.new"
	mv "$secrets/url.new" "$secrets/url"
	cluster="-serve -listen $host:$port -nats-tls-cert $secrets/cert.pem -nats-tls-key $secrets/key.pem -nats-creds $secrets/user.nk"
	if [ -e "$run/config.toml" ]; then
		exec ./cifar -resume -out "$run" $cluster
	fi
	exec ./cifar $settings -data "$data" -out "$run" $cluster
fi

until [ -e "$secrets/url" ]; do sleep 1; done
exec ./cifar -worker -data "$data" -workers 1 -nats "$(cat "$secrets/url")" -nats-creds "$secrets/user.nk" -nats-tls-ca "$secrets/cert.pem"
