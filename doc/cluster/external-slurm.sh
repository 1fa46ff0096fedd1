#!/bin/bash
# A search with a trainer of one's own as a Slurm array: task 0 is the coordinator, with
# the NATS server in it, the others are workers with a GPU each. Before, in a folder that
# all nodes see, with train.py and what it needs:
#
#   go build -o . ./benchmarks/external && go build -o . github.com/nats-io/nkeys/nk
#   sbatch external-slurm.sh
#
#SBATCH --job-name=autodropout
#SBATCH --array=0-8
#SBATCH --cpus-per-task=8
#SBATCH --gres=gpu:1
#SBATCH --mem=32G
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --signal=TERM@300
#SBATCH --output=slurm-%A_%a.txt
set -eu

run=${RUN:-run}                    # the run's folder; submit again to go on with it
host=${HOST_NAME:-$(hostname -f)}  # of this node, as the others know it
port=${PORT:-4222}
settings=${SETTINGS:--space convnet -stages 3,4,6,3 -trials 500 -in-flight 16}
program=${PROGRAM:-python train.py}
secrets=$run-secrets               # who the coordinator is, and what it takes to be let in

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
		exec ./external -resume -out "$run" $cluster
	fi
	exec ./external $settings -out "$run" $cluster -- $program
fi

until [ -e "$secrets/url" ]; do sleep 1; done
# Slurm sets CUDA_VISIBLE_DEVICES; the program has most of the time before the end to save.
exec ./external -worker -grace 240s -nats "$(cat "$secrets/url")" -nats-creds "$secrets/user.nk" -nats-tls-ca "$secrets/cert.pem"
