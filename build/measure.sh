# shellcheck shell=bash
# `bench` and `soak`: measurements that take minutes.

bench() {
    need_sdk
    need 'the load run' mosquitto
    need_opencv
    publish "$(machine_rid)"
    local python graphs=
    # EfficientSAM-Ti's graphs with random weights, in the published size
    if python=$(training_python); then
        graphs=$PWD/artifacts/efficientsam-ti
        quietly "making EfficientSAM-Ti's graphs" "$python" tests/data/make_efficientsam.py --full "$graphs"
    fi
    EDGESEG_EFFICIENTSAM=$graphs EDGESEG_BINARY="$PWD/artifacts/$(machine_rid)/edgeseg" \
        exec dotnet run -c Release -p:DeterministicSourcePaths=false --project tests/EdgeSeg.Bench -- "$@"
}

soak() {
    local rid minutes=${1:-30} video=artifacts/soak.avi
    [[ $minutes =~ ^[0-9]+(\.[0-9]+)?$ ]] || die "soak takes a number of minutes (given: '$minutes')"
    rid=$(machine_rid)
    need_sdk
    need_opencv
    need 'the soak' mosquitto ffmpeg
    publish "$rid"
    build_tests EdgeSeg.Tests
    # 20 s of a photograph with camera motion, looped: every frame holds an object
    local motion="zoompan=z='1.2+0.2*sin(on/40)':x='(iw-iw/zoom)*(0.5+0.5*sin(on/60))':y='(ih-ih/zoom)*(0.5+0.5*cos(on/50))'"
    quietly 'making a video' ffmpeg -y -loglevel error -loop 1 -i deploy/demo/chelsea.jpg -t 20 -c:v mjpeg -q:v 4 \
        -vf "$motion:d=600:s=1280x720:fps=30" "$video"
    local class classes=()
    for class in EndToEnd.{Soak,ClickLatency,TenThousandFrames,CameraStress,PayloadStorm} Mqtt.LinkStress; do
        classes+=(-class "EdgeSeg.${class}Tests")
    done
    export EDGESEG_BINARY="$PWD/artifacts/$rid/edgeseg" EDGESEG_SOAK_MINUTES=$minutes
    export EDGESEG_SOAK_CAMERA="${EDGESEG_SOAK_CAMERA:-file:$PWD/$video}"
    exec dotnet run -c Release --no-build --project tests/EdgeSeg.Tests -- \
        -noColor -noLogo -showLiveOutput -parallelMode none "${classes[@]}" </dev/null
}
