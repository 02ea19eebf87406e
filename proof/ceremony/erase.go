//go:build !goexperiment.runtimesecret

package ceremony

// erased calls f, after which its secrets are garbage.
func erased(f func()) { f() }
