package proof

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	sinkError    error
	sinkErrors   []error
	sinkKey      *VerifyingKey
	sinkIdentity *Identity
)

func BenchmarkVerify(b *testing.B) {
	d := newTrapdoor(inputsUnweighted)
	vk := d.key(b)
	claim := d.randomClaim(b)
	for b.Loop() {
		sinkError = vk.Verify(&claim)
	}
	require.NoError(b, sinkError)
}

func BenchmarkVerifyBatch(b *testing.B) {
	d := newTrapdoor(inputsUnweighted)
	vk := d.key(b)
	for _, size := range []int{1, 5, 8, 16, 256, 1024} {
		for _, bad := range []int{0, 1} {
			claims := make([]Claim, size)
			for i := range claims {
				claims[i] = d.randomClaim(b)
			}
			for i := range bad {
				claims[i].Message[0] ^= 1
			}
			b.Run(fmt.Sprintf("size=%d/bad=%d", size, bad), func(b *testing.B) {
				for b.Loop() {
					var err error
					sinkErrors, err = vk.VerifyBatch(b.Context(), claims)
					require.NoError(b, err)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size), "ns/claim")
			})
		}
	}
}

func BenchmarkParseVerifyingKey(b *testing.B) {
	encoding := newTrapdoor(inputsUnweighted).encode()
	for b.Loop() {
		var err error
		sinkKey, err = ParseVerifyingKey(encoding)
		require.NoError(b, err)
	}
}

func BenchmarkIdentityFromKey(b *testing.B) {
	key := make([]byte, 32)
	for b.Loop() {
		sinkIdentity = IdentityFromKey(key)
	}
}
