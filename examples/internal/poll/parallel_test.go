package poll

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParallelDoesEachOnceAndStopsAtTheFirstError(t *testing.T) {
	var did [100]atomic.Int32
	require.NoError(t, Parallel(t.Context(), "working", len(did), func(_ context.Context, i int) error {
		did[i].Add(1)
		return nil
	}))
	for i := range did {
		require.EqualValues(t, 1, did[i].Load())
	}

	reason := errors.New("the reason")
	var calls atomic.Int32
	err := Parallel(t.Context(), "working", 1_000_000, func(_ context.Context, i int) error {
		calls.Add(1)
		if i == 10 {
			return reason
		}
		return nil
	})
	require.ErrorIs(t, err, reason)
	require.EqualError(t, err, "working 11: the reason")
	require.Less(t, calls.Load(), int32(1_000_000))

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, Parallel(ended, "working", 1, func(context.Context, int) error { return nil }), context.Canceled)
}
