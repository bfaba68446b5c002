# shellcheck shell=bash
# What every part of the build uses: messages, packages, the SDK.

say() { printf '%s\n' "$*" >&2; }

die() { say "build.sh: $*"; exit 1; }

machine_rid() {
    case "$(uname -m)" in
        x86_64) echo linux-x64 ;;
        aarch64 | arm64) echo linux-arm64 ;;
        *) die "no build for $(uname -m) machines: linux-x64 and linux-arm64 are known" ;;
    esac
}

# need WHAT-FOR PACKAGE...: installs those Debian packages that are missing
need() {
    local purpose=$1 missing=() package
    shift
    command -v dpkg-query >/dev/null || { say "Not a Debian system: $purpose needs what Debian calls $*."; return 0; }
    for package; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    local root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "$purpose needs packages that only root can install: apt-get install ${missing[*]}"
        root=(sudo)
        say "Root is needed once, to install ${missing[*]} ($purpose)."
    else
        say "Installing ${missing[*]} ($purpose)."
    fi
    local quiet=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300)
    "${root[@]}" "${quiet[@]}" update >&2 || say "apt-get update failed: trying with the lists that are there."
    "${root[@]}" "${quiet[@]}" install -y --no-install-recommends "${missing[@]}" >&2 </dev/null ||
        die "apt-get could not install ${missing[*]}, which $purpose needs"
}

# opencv_packages USES [old|new]: the packages of build/opencv-packages.txt with one of these uses (install|gtk|base), one a line; of a
# package with two names the old or the new one, by default both
opencv_packages() {
    awk -v uses="^($1)\$" -v age="${2:-}" '!/^#/ && $2 ~ uses {
        count = split($1, names, "|")
        print age == "old" ? names[1] : age == "new" ? names[count] : $1
    }' "$(dirname "${BASH_SOURCE[0]}")/opencv-packages.txt"
}

# what OpenCV's native library links, by the names of this system
runtime_packages() {
    local id='' version='' age=new
    id=$(. /etc/os-release 2>/dev/null && echo "${ID:-}") || true
    version=$(. /etc/os-release 2>/dev/null && echo "${VERSION_ID:-99}") || true
    case "$id" in
        debian | raspbian) [ "${version%%.*}" -ge 13 ] || age=old ;;
        ubuntu) [ "${version%%.*}" -ge 24 ] || age=old ;;
    esac
    opencv_packages 'install|base' "$age"
}

# installs what running OpenCV needs on this machine
need_opencv() {
    # shellcheck disable=SC2046  # a list of words
    need 'running OpenCV' $(runtime_packages)
}

need_sdk() {
    if [ -x "$HOME/.dotnet/dotnet" ] && ! { command -v dotnet && dotnet --list-sdks | grep -q '^10\.'; } >/dev/null 2>&1; then
        export PATH="$HOME/.dotnet:$PATH" DOTNET_ROOT="$HOME/.dotnet"
    fi
    { command -v dotnet && dotnet --list-sdks | grep -q '^10\.'; } >/dev/null 2>&1 && return 0
    say 'The .NET 10 SDK is missing. This installs it in ~/.dotnet, where this script finds it:'
    say '    curl -fsSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel 10.0'
    say 'Or install dotnet-sdk-10.0 from the apt feed: https://learn.microsoft.com/dotnet/core/install/linux'
    die 'no .NET 10 SDK'
}

# shows dotnet's output when it fails; on a terminal also a line that it runs
quietly() {
    local title=$1 log
    shift
    log=$(mktemp)
    [ -t 2 ] && printf '%s ...\n' "$title" >&2
    if ! "$@" >"$log" 2>&1 </dev/null; then
        cat "$log" >&2
        rm -f "$log"
        die "$title failed"
    fi
    rm -f "$log"
}

# a test that hangs is a failure that is reported, not a run without an end
bounded() { timeout -k 30 "${EDGESEG_TEST_LIMIT_S:-1200}" "$@"; }

# tests find their data by their own source path, which a CI build would replace by /_/
build_tests() {
    local project
    for project; do quietly "building $project" dotnet build "tests/$project" -c Release -v quiet -p:DeterministicSourcePaths=false; done
}
