//go:build !cgo || !(linux || darwin) || !(amd64 || arm64)

package main

import "errors"

// rapidsnarkSides are missing: rapidsnark is a C++ library.
func rapidsnarkSides() []side {
	missing := func(*env) error { return errors.New("this program was built without cgo") }
	return []side{
		{name: rapidsnarkAlone, figures: elapsed, missing: missing},
		{name: rapidsnarkWhole, figures: elapsed, missing: missing},
	}
}
