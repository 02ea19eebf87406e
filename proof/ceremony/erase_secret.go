//go:build goexperiment.runtimesecret

package ceremony

import "runtime/secret"

// erased calls f and erases what it leaves behind.
func erased(f func()) { secret.Do(f) }
