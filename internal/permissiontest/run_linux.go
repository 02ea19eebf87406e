package permissiontest

import (
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// Run calls f on a thread that obeys the modes of files, even if this is root: without the capabilities to
// override them (capabilities(7)).
func Run(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		f()
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var before [2]unix.CapUserData
	if err := unix.Capget(&header, &before[0]); err != nil {
		t.Fatal(err)
	}
	set := func(data [2]unix.CapUserData) {
		if err := unix.Capset(&header, &data[0]); err != nil {
			t.Fatal(err)
		}
	}
	without := before
	without[0].Effective &^= 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_DAC_READ_SEARCH
	set(without)
	defer set(before)
	f()
}
