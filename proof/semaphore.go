package proof

import (
	"crypto/sha256"
	_ "embed"
	"fmt"
	"sync"
)

// Semaphore is the provenance of the verifying keys that are compiled in: those of Semaphore v4's public
// ceremony of 2025, as @zk-kit/semaphore-artifacts 4.13.0 publishes them. Between 319 and 1288
// people contributed to the key of each depth, and one who forgot his share is enough. (The keys of an
// earlier ceremony, of 2024, are of a circuit with a flaw, and are not these.)
const Semaphore = "Semaphore v4 ceremony, 2025"

// MaxSemaphoreDepth is the greatest depth for which the ceremony made a key; the smallest is 1.
const MaxSemaphoreDepth = 32

// semaphoreFile has alpha, beta and gamma, which all depths share, then for each depth from 1 delta and
// K_0..K_4, in the encoding of docs/spec/membership.md. The numbers are those of semaphore-1.json to
// semaphore-32.json in the npm package @zk-kit/semaphore-artifacts 4.13.0, under the MIT licence,
// Copyright (c) 2025 Ethereum Foundation; testdata/semaphore-v4/verification-keys.json has them in decimal.
//
//go:embed semaphore.keys
var semaphoreFile string

const (
	semaphoreShared = g1Size + 2*g2Size
	semaphoreOwn    = g2Size + (inputsUnweighted+1)*g1Size
)

// semaphoreEncoding returns what ParseVerifyingKey reads, for a depth from 1 to MaxSemaphoreDepth.
func semaphoreEncoding(depth int) []byte {
	own := semaphoreFile[semaphoreShared+(depth-1)*semaphoreOwn:][:semaphoreOwn]
	return []byte("\x01\x00" + semaphoreFile[:semaphoreShared] + own)
}

// parsedSemaphore keeps the keys that were asked for.
var parsedSemaphore [MaxSemaphoreDepth]struct {
	once sync.Once
	key  *VerifyingKey
	err  error
}

// SemaphoreKey returns the verifying key of Semaphore's ceremony for trees of a depth from 1 to
// MaxSemaphoreDepth: it accepts proofs with a path of at most that many siblings. The key is of the
// unweighted relation. The error is ErrMalformed for another depth.
func SemaphoreKey(depth int) (*VerifyingKey, error) {
	if depth < 1 || depth > MaxSemaphoreDepth {
		return nil, fmt.Errorf("%w: no ceremony key of depth %d, there are those of 1 to %d", ErrMalformed, depth, MaxSemaphoreDepth)
	}
	p := &parsedSemaphore[depth-1]
	p.once.Do(func() { p.key, p.err = ParseVerifyingKey(semaphoreEncoding(depth)) })
	return p.key, p.err
}

// semaphoreDepths finds the depth of a ceremony key from its digest.
var semaphoreDepths = sync.OnceValue(func() map[[32]byte]int {
	depths := map[[32]byte]int{}
	for depth := 1; depth <= MaxSemaphoreDepth; depth++ {
		depths[sha256.Sum256(semaphoreEncoding(depth))] = depth
	}
	return depths
})

// SemaphoreDepth returns the depth for which the verifying key with the given [VerifyingKey.Digest] is the
// ceremony's, and false if it is none of the ceremony's.
func SemaphoreDepth(digest [32]byte) (depth int, ok bool) {
	depth, ok = semaphoreDepths()[digest]
	return depth, ok
}
