//go:build scrutin_nocheck

package tally

import (
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/nocheck/off"
	"github.com/scrutin/scrutin/testdata/vectors"
)

// TestEachCheckIsNeeded turns off one check after the other: then exactly its vectors pass.
//
//	go run ./internal/nocheck -run TestEachCheckIsNeeded ./tally
func TestEachCheckIsNeeded(t *testing.T) {
	defer off.Only("")
	// A check may keep what follows it from a panic, which accepts nothing.
	accepts := func(passes func() bool) (passed bool) {
		defer func() { _ = recover() }()
		return passes()
	}
	type vector struct {
		name, check, through string // check is empty if another one would find it, too
		passes               func() bool
	}
	var all []vector
	alone := func(check string, alone bool) string {
		if !alone {
			return ""
		}
		return check
	}
	for _, v := range recordVectors(t) {
		if v.Check != "" {
			files, id := filesOf(t, v)
			all = append(all, vector{v.Name, alone(v.Check, v.Alone), v.Through, func() bool {
				got := judged(t, files, id)
				return got.failed == nil && got.result
			}})
		}
	}
	messages, err := vectors.Messages()
	require.NoError(t, err)
	for _, v := range messages {
		if v.Check != "" {
			files, id := goodRecord(t, v.Record)
			all = append(all, vector{v.Name, alone(v.Check, v.Alone), "", func() bool { return acceptMessage(t, v, files, id) == nil }})
		}
	}
	var checks []string
	for _, v := range all {
		if v.check != "" {
			checks = append(checks, v.check)
		}
	}
	slices.Sort(checks)
	for _, check := range slices.Compact(checks) {
		off.Only(check)
		passed := make([]bool, len(all))
		next := make(chan int)
		var wait sync.WaitGroup
		for range runtime.GOMAXPROCS(0) {
			wait.Go(func() {
				for i := range next {
					passed[i] = accepts(all[i].passes)
				}
			})
		}
		for i := range all {
			next <- i
		}
		close(next)
		wait.Wait()
		for i, v := range all {
			assert.Equal(t, v.check == check || v.through == check, passed[i], "%s without the check %s", v.name, check)
		}
	}
}
