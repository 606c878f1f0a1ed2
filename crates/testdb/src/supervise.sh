# Runs a throw-away PostgreSQL server until standard input ends, then removes it.
# $1: its folder, $2: the folder of PostgreSQL's programs, $3: the folder of the server whose standby it is to
# be, or nothing; then more arguments of the server.
# Takes a command per line: "start", "crash" (as if the power was cut), "kill" (each of its processes), "restart",
# "freeze" (it answers no more, and its connections stay), "thaw".
dir=$1
bin=$2
primary=$3
shift 3
pid=
trap '' HUP INT TERM

start() {
    "$bin/postgres" -D "$dir/data" -k "$dir" "$@" </dev/null 2>&1 &
    pid=$!
}
signal_all() {
    # The parent stops first, so that it makes no more children.
    [ -n "$pid" ] && kill -STOP "$pid" && kill -"$1" $(cat "/proc/$pid/task/$pid/children") "$pid"
    echo "supervisor: sent $1"
}
stop() {
    [ -n "$pid" ] && signal_all CONT
    [ -n "$pid" ] && kill -"$1" "$pid" 2>/dev/null && wait "$pid"
    pid=
    echo "supervisor: stopped"
}

fill() {
    if [ -n "$primary" ]; then
        "$bin/pg_basebackup" -D "$dir/data" -d "host=$primary user=postgres" -R -X stream -c fast --no-sync
    else
        # Texts sort as people like it, which ours must not depend on.
        "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --locale-provider=icu --icu-locale=en-US \
            --no-sync --no-instructions
    fi
}

fill >"$dir/fill.log" 2>&1 || { cat "$dir/fill.log"; echo "supervisor: failed"; }
while read -r command; do
    case $command in
    start) start "$@" ;;
    crash) stop QUIT ;;
    kill) signal_all KILL; wait "$pid"; pid=; echo "supervisor: stopped" ;;
    restart) stop INT; start "$@" ;;
    freeze) signal_all STOP ;;
    thaw) signal_all CONT ;;
    esac
done
stop QUIT >/dev/null
rm -rf "$dir"
