#!/bin/sh
# Writes the secrets that compose.yaml mounts into docker/secrets/, once: what is there stays as it is.
#
#   sh docker/make_secrets.sh
#
# The directory keeps other users of this machine out. The files themselves may be read by anyone who gets as far,
# because the users inside the containers are other ones.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
chmod 700 secrets
cd secrets

random() {
    head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n'
}

# keep NAME CONTENT: a new file, complete or not at all.
keep() {
    if [ ! -e "$1" ]; then
        printf '%s\n' "$2" > "$1.new"
        chmod 644 "$1.new"
        mv "$1.new" "$1"
    fi
}

keep postgres_password "$(random)"
keep redis_password "$(random)"
keep storage_key "$(random)"
keep flower_password "$(random)"
# Encrypts webhook secrets and signs links; the same for ever.
keep secret_key "$(random)"

# The same secrets in the forms in which each program reads them.
keep database_url "postgresql+psycopg://voicemill:$(cat postgres_password)@postgres/voicemill"
keep broker_url "redis://:$(cat redis_password)@redis:6379/0"
keep redis.conf "requirepass $(cat redis_password)
save \"\"
appendonly no
maxmemory-policy noeviction
dir /tmp"
keep storage.json "{\"identities\": [{\"name\": \"voicemill\",
  \"credentials\": [{\"accessKey\": \"voicemill\", \"secretKey\": \"$(cat storage_key)\"}],
  \"actions\": [\"Admin:voicemill\", \"Read:voicemill\", \"Write:voicemill\", \"List:voicemill\"]}]}"
keep storage_credentials "[default]
aws_access_key_id = voicemill
aws_secret_access_key = $(cat storage_key)"
keep flower.py "basic_auth = [\"operator:$(cat flower_password)\"]"
echo "docker/secrets: $(ls | wc -l) files. Flower's password is in docker/secrets/flower_password."
