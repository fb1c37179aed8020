# In the virtual machine, as root, in the folder of the results. $tree and $name come before this, the tests after it.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp XDG_RUNTIME_DIR=/tmp LANG=C CI=true GEYSER_VM=$name
mount -t tmpfs none "$tree/Testing"  # ctest writes its log there
cd "$tree" || exit 1
echo "kernel $(uname -r), devices: $(ls -d /dev/udmabuf /dev/dma_heap/* /dev/dri/* 2>/dev/null | tr '\n' ' ')"
