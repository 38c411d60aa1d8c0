# What work.py does, by a shell alone.
attempt=${VH_CONFIG_DIR%/config}
attempt=${attempt##*-}
case $CHAOS_TRACES in
  udp:*) note() { python work.py note "$*"; } ;;  # a shell cannot
  *) note() { echo "$attempt $$ $(date +%s.%N) $*" >> "$CHAOS_TRACES/$VH_EXECUTION_ID"; } ;;
esac

n=0
while [ $n -lt 20 ]; do
  note "line $n"
  echo "line $n"
  n=$((n + 1))
  sleep 0.05
done
printf 'the result of %s' "$VH_EXECUTION_ID" > "$VH_OUTPUTS_DIR/result.txt"
note end
