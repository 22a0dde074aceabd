# shellcheck shell=bash
# Prometheus, for the cluster that bin/cluster starts.

need_prometheus() {
    command -v prometheus >/dev/null || need_debian prometheus
    command -v prometheus >/dev/null || die "\`prometheus\` is not on this machine" "install it and put it on the PATH"
}
