# shellcheck shell=bash
# `publish`: the native program and the folder around it; `demo` and `figures` run it.

publish() {
    local rid=${1:-}
    case "$rid" in
        linux-x64) ;;
        linux-arm64) [ "$(uname -m)" = x86_64 ] && need 'linking for arm64' g++-aarch64-linux-gnu libc6-dev-arm64-cross ;;
        *) die "publish needs one of linux-x64, linux-arm64 (given: '${rid:-nothing}')" ;;
    esac
    [ "$rid" = linux-x64 ] && [ "$(uname -m)" != x86_64 ] && die "linux-x64 is published on an x86-64 machine"
    need_sdk
    need 'compiling to native code' clang lld zlib1g-dev
    local out=artifacts/$rid raw=artifacts/.publish/$rid model file
    rm -rf "$raw"
    quietly "compiling edgeseg for $rid" dotnet publish src/EdgeSeg -r "$rid" -c Release -o "$raw" -v quiet
    rm -rf "$out" "$out-symbols"
    mkdir -p "$out/models" "$out/demo" "$out-symbols"
    install -m 755 "$raw/edgeseg" "$out/edgeseg"
    install -m 644 "$raw/libonnxruntime.so" "$out/"
    if [ -e "$raw/libOpenCvSharpExtern.so" ]; then
        install -m 644 "$raw/libOpenCvSharpExtern.so" "$out/"
    else
        opencv_for_arm64 "$out"
    fi
    [ -e "$raw/edgeseg.dbg" ] && mv "$raw/edgeseg.dbg" "$out-symbols/"
    for model in models/*/model.json; do
        model=$(dirname "$model")
        mkdir "$out/models/${model##*/}"
        install -m 644 "$model"/model.json "$model"/CARD.md "$model"/*.onnx "$out/models/${model##*/}/"
    done
    install -m 644 deploy/demo/* "$out/demo/"
    # PublishedFolderTests says what must be in the folder
    for file in LICENSE NOTICE deploy/edgeseg.example.toml docs/asyncapi.yaml; do
        if [ -e "$file" ]; then install -m 644 "$file" "$out/"; else say "$file is missing"; fi
    done
    rm -rf "$raw"
    say "$out: $(du -sh "$out" | cut -f1), edgeseg itself $(du -h "$out/edgeseg" | cut -f1)"
}

# the library as a NuGet package: artifacts/nuget
pack() {
    local out=artifacts/nuget
    need_sdk
    rm -rf "$out"
    quietly 'packing EdgeSeg.Vision' dotnet pack src/EdgeSeg.Vision -c Release -o "$out" -v quiet
    say "$(ls "$out"/*.nupkg)"
}

here=$PWD

# apt for another architecture, with lists and archives of its own: what is installed here is not touched
apt_arm64() {
    local state=$here/artifacts/.apt-arm64
    mkdir -p "$state/lists/partial" "$state/archives/partial"
    [ -e "$state/status" ] || : >"$state/status"
    apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o APT::Sandbox::User=root -o Dir::State::status="$state/status" \
        -o Dir::State::Lists="$state/lists" -o Dir::Cache="$state" -o Dir::Cache::archives="$state/archives" -o Debug::NoLocking=true "$@"
}

# of arm64, and of Debian only: on another system it is compiled on the device
opencv_dev='libopencv-core-dev libopencv-imgproc-dev libopencv-imgcodecs-dev libopencv-videoio-dev'

# the libraries that those are for
opencv_arm64() { # shellcheck disable=SC2086  # a list of words
    apt_arm64 install -s $opencv_dev | sed -n 's/^Inst \(libopencv-[a-z]*[0-9][^ ]*\) .*/\1/p'
}

# no OpenCV library for arm64 comes from NuGet: what edgeseg calls of it is compiled against Debian's (deploy/opencv)
opencv_for_arm64() {
    local out=$1 root=artifacts/.opencv-arm64 log
    local compile=(-std=c++17 -O2 -shared -fPIC -fvisibility=hidden -Wall -Wextra deploy/opencv/edgeseg-opencv.cpp -s)
    compile+=(-o "$out/libOpenCvSharpExtern.so")
    local link=(-lopencv_videoio -lopencv_imgcodecs -lopencv_imgproc -lopencv_core)
    log=$(mktemp)
    if {
        if [ "$(uname -m)" = x86_64 ]; then
            if [ ! -e "$root/usr/include/opencv4/opencv2/videoio.hpp" ]; then
                # shellcheck disable=SC2086  # a list of words
                apt_arm64 update && mkdir -p "$root" && (cd "$root" && apt_arm64 download $opencv_dev $(opencv_arm64)) &&
                    for deb in "$root"/*.deb; do dpkg -x "$deb" "$root"; done
            fi
            aarch64-linux-gnu-g++ "${compile[@]}" -Werror -isystem "$root/usr/include/opencv4" \
                -L"$root/usr/lib/aarch64-linux-gnu" "${link[@]}" -Wl,--allow-shlib-undefined
        else
            # shellcheck disable=SC2086  # a list of words
            (need "OpenCV's headers" g++ $opencv_dev) &&
                g++ "${compile[@]}" -isystem /usr/include/opencv4 "${link[@]}"
        fi
    } >"$log" 2>&1; then
        chmod 644 "$out/libOpenCvSharpExtern.so"
    else
        tail -n 5 "$log" >&2
        say "The OpenCV library for arm64 could not be compiled here: compile it on the device (deploy/opencv/README.md)."
    fi
    rm -f "$log"
}

demo() {
    local rid
    rid=$(machine_rid)
    need_sdk
    need_opencv
    publish "$rid"
    exec "artifacts/$rid/edgeseg" demo "$@"
}

# the README's table; a start is a whole process: load, check and warm the model, one photograph, one mask
figures() {
    local rid binary i began times=()
    rid=$(machine_rid)
    need_sdk
    need_opencv
    publish "$rid"
    binary=artifacts/$rid/edgeseg
    for i in 1 2 3 4 5 6 7; do
        began=$(date +%s%N)
        "$binary" segment "artifacts/$rid/demo/chelsea.jpg" | grep -q '"found":true' || die "no mask was found"
        times+=($((($(date +%s%N) - began) / 1000000)))
    done
    echo "| figure | here |"
    echo "|---|---|"
    echo "| executable | $(awk '{printf "%.1f MB", $1 / 1e6}' < <(stat -c %s "$binary")) |"
    echo "| folder with native libraries, models and photographs | $(du -sm "artifacts/$rid" | cut -f1) MiB |"
    echo "| process start to first mask, median of 7 (ms) | $(printf '%s\n' "${times[@]}" | sort -n | sed -n 4p) |"
    echo "| memory | $("$binary" info | sed -n 's/^memory *//p') |"
    "$binary" info | sed -n 's/^\(precision\|machine\) *\(.*\)/| \1 | \2 |/p'
}
