package census

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/scrutin/scrutin/internal/poseidon"
)

// levels returns a level and all those above it, each half as long, up to a single node.
func levels(ctx context.Context, level []fr.Element) ([][]fr.Element, error) {
	out := [][]fr.Element{level}
	for len(level) > 1 {
		above := make([]fr.Element, (len(level)+1)/2)
		err := parallel(ctx, len(above), func(i int) {
			if 2*i+1 < len(level) {
				above[i] = poseidon.Hash2(&level[2*i], &level[2*i+1])
			} else {
				above[i] = level[2*i] // a lone left child is carried up
			}
		})
		if err != nil {
			return nil, err
		}
		out = append(out, above)
		level = above
	}
	return out, nil
}

// parallel calls f for 0 to n - 1 on all cores, until it is done or the context is.
func parallel(ctx context.Context, n int, f func(i int)) error {
	const chunk = 256
	var next atomic.Int64
	work := func() {
		for ctx.Err() == nil {
			end := int(next.Add(chunk))
			if end-chunk >= n {
				return
			}
			for i := end - chunk; i < min(end, n); i++ {
				f(i)
			}
		}
	}
	var others sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (n+chunk-1)/chunk) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
	return ctx.Err()
}
