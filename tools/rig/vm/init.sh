#!/bin/busybox sh
# The first process of the virtual machine: loads modules, puts the host's "/" (read-only) under everything and hands
# over to guest.sh. Whatever goes wrong ends in power off: without guest.rc that is a failure.
B=/bin/busybox
say() { $B echo "vm: $*"; }
stop() { say "$*"; $B poweroff -f; }
$B mount -t proc proc /proc && $B mount -t sysfs sys /sys && $B mount -t devtmpfs dev /dev || stop "no file systems"
for module in $($B cat /modules/list); do
  $B insmod "/modules/$module" || stop "module [$module] cannot be loaded"
done
share() { $B mount -t 9p -o "trans=virtio,version=9p2000.L,msize=512000,$2" "$1" "$3"; }
share root cache=loose,ro /root || stop "the root cannot be mounted"
# The kernel puts what it does not know of its command line into the environment.
if [ "$boot" = forky ]; then
  for tag in src build; do
    share "$tag" cache=loose,ro "/root/$tag" || stop "[/$tag] cannot be mounted"
  done
fi
for memory in tmp run dev/shm; do
  case $memory in dev/*) $B mkdir -p "/$memory"; $B mount -t tmpfs none "/$memory" ;;
    *) $B mount -t tmpfs none "/root/$memory" ;; esac
done
$B mount -t proc proc /root/proc && $B mount -t sysfs sys /root/sys && $B mount --move /dev /root/dev || stop "no /dev"
$B mkdir /root/tmp/io
share io cache=none /root/tmp/io || stop "the folder of the results cannot be mounted"
say "up after $($B cut -d' ' -f1 /root/proc/uptime) s"
exec $B switch_root /root /bin/sh -c '
  cd /tmp/io && { sh ./guest.sh >guest.log 2>&1; echo $? >guest.rc; }
  echo "vm: done after $(cut -d" " -f1 /proc/uptime) s"
  sync; echo o >/proc/sysrq-trigger; sleep 60'
