//go:build scrutin_nocheck

// Package off turns off one check. Only the overlay that internal/nocheck makes asks it.
package off

import "sync/atomic"

var name atomic.Pointer[string]

// Only turns this check off, and all others on. The empty name turns all on.
func Only(check string) { name.Store(&check) }

// Off reports whether a check is off.
func Off(check string) bool {
	n := name.Load()
	return n != nil && *n == check
}
