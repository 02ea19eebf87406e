package prover

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	groth16 "github.com/consensys/gnark/backend/groth16/bn254"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/wire"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/proof/prooftest"
)

var (
	sinkMembership *proof.Membership
	sinkKey        *ProvingKey
	sinkSystem     *system
)

func BenchmarkCompile(b *testing.B) {
	for _, depth := range []int{10, 20} {
		b.Run(fmt.Sprintf("depth=%d", depth), func(b *testing.B) {
			for b.Loop() {
				var err error
				sinkSystem, err = newSystem(Relation{Depth: depth})
				require.NoError(b, err)
			}
		})
	}
}

func BenchmarkReadProvingKey(b *testing.B) {
	for _, depth := range []int{10, 20} {
		k := mustSetup(Relation{Depth: depth})
		f := file(b, k)
		b.Run(fmt.Sprintf("depth=%d", depth), func(b *testing.B) {
			b.SetBytes(int64(len(f)))
			for b.Loop() {
				var err error
				sinkKey, err = ReadProvingKey(bytes.NewReader(f), k.Digest())
				require.NoError(b, err)
			}
		})
	}
}

func BenchmarkProve(b *testing.B) {
	for _, r := range []Relation{{Depth: 10}, {Depth: 20}, {Depth: 20, Weighted: true}} {
		k := mustSetup(r)
		id := proof.NewIdentity()
		weight := uint64(0)
		if r.Weighted {
			weight = 1
		}
		st := statement(id, weight, r.Depth)
		b.Run(fmt.Sprintf("depth=%d/weighted=%t", r.Depth, r.Weighted), func(b *testing.B) {
			for b.Loop() {
				var err error
				sinkMembership, err = k.Prove(b.Context(), id, st)
				require.NoError(b, err)
			}
		})
	}
}

// BenchmarkVerify compares the module's verifier with gnark's, on the same key and proofs. ns/claim is the
// time for one proof.
func BenchmarkVerify(b *testing.B) {
	const size = 256
	key := prooftest.NewKey(false)
	vk := key.VerifyingKey()
	claims := make([]proof.Claim, size)
	for i := range claims {
		id := proof.NewIdentity()
		st := statement(id, 0, 2)
		m, err := key.Prove(b.Context(), id, st)
		require.NoError(b, err)
		claims[i] = proof.Claim{Membership: *m, Scope: st.Scope, Message: st.Message}
	}
	perClaim := func(b *testing.B, n int) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/claim")
	}

	b.Run("gnark", func(b *testing.B) {
		gvk, gproof, public := toGnark(b, vk, &claims[0])
		for b.Loop() {
			require.NoError(b, groth16.Verify(gproof, gvk, public))
		}
		perClaim(b, 1)
	})
	b.Run("single", func(b *testing.B) {
		for b.Loop() {
			require.NoError(b, vk.Verify(&claims[0]))
		}
		perClaim(b, 1)
	})
	b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
		for b.Loop() {
			verdicts, err := vk.VerifyBatch(b.Context(), claims)
			require.NoError(b, err)
			for _, verdict := range verdicts {
				require.NoError(b, verdict)
			}
		}
		perClaim(b, size)
	})
}

func toGnark(t testing.TB, vk *proof.VerifyingKey, c *proof.Claim) (*groth16.VerifyingKey, *groth16.Proof, fr.Vector) {
	t.Helper()
	r := wire.NewReader(vk.Bytes()[2:])
	var key groth16.VerifyingKey
	key.G1.Alpha = readG1(r)
	key.G2.Beta, key.G2.Gamma, key.G2.Delta = readG2(r), readG2(r), readG2(r)
	for r.Len() > 0 {
		key.G1.K = append(key.G1.K, readG1(r))
	}
	require.NoError(t, r.Done())
	require.NoError(t, key.Precompute())

	r = wire.NewReader(c.Membership.Proof[:])
	p := &groth16.Proof{Ar: readG1(r), Bs: readG2(r), Krs: readG1(r), Commitments: []bn254.G1Affine{}}
	require.NoError(t, r.Done())
	public, err := c.Inputs()
	require.NoError(t, err)
	return &key, p, public
}

// gnark's verifier accepts what this module's accepts, and refuses what it refuses.
func TestGnarkAgrees(t *testing.T) {
	k := testKey(t, false)
	id := proof.NewIdentity()
	st := statement(id, 0, 3)
	m, err := k.Prove(t.Context(), id, st)
	require.NoError(t, err)
	claim := proof.Claim{Membership: *m, Scope: st.Scope, Message: st.Message}
	key, p, public := toGnark(t, k.VerifyingKey(), &claim)
	require.NoError(t, groth16.Verify(p, key, public))
	public[2].SetOne()
	require.Error(t, groth16.Verify(p, key, public))
	require.Equal(t, ecc.BN254, key.CurveID())
}
