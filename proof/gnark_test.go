package proof

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	groth16 "github.com/consensys/gnark/backend/groth16/bn254"
	"github.com/stretchr/testify/require"
)

// By gnark's verifier, one at a time, and in groups of any size a proof has one verdict.
func TestVerdictsAreGnarks(t *testing.T) {
	d := newTrapdoor(inputsWeighted)
	vk := d.key(t)
	var key groth16.VerifyingKey
	key.G1.Alpha, key.G1.K = vk.alpha, vk.k
	key.G2.Beta, key.G2.Gamma, key.G2.Delta = vk.beta, vk.gamma, vk.delta
	require.NoError(t, key.Precompute())

	outside := ofSmallOrders(t)
	_, _, generator1, generator2 := bn254.Generators()
	changes := []func(p *groth16.Proof){
		func(p *groth16.Proof) { p.Ar.Neg(&p.Ar) },
		func(p *groth16.Proof) { p.Krs.Neg(&p.Krs) },
		func(p *groth16.Proof) { p.Krs = p.Ar },
		func(p *groth16.Proof) { p.Krs.Neg(&p.Ar) },
		func(p *groth16.Proof) { p.Ar, p.Bs = vk.alpha, vk.beta },
		func(p *groth16.Proof) { p.Ar, p.Bs, p.Krs = generator1, generator2, generator1 },
		func(p *groth16.Proof) { p.Ar.Neg(&p.Ar); p.Bs.Neg(&p.Bs) },                     // holds
		func(p *groth16.Proof) { p.Bs.Add(&p.Bs, &vk.delta); p.Krs.Add(&p.Krs, &p.Ar) }, // holds
		func(p *groth16.Proof) { p.Bs = outside[rand.IntN(len(outside))] },
		func(p *groth16.Proof) { p.Bs.Add(&p.Bs, &outside[rand.IntN(len(outside))]) },
		func(p *groth16.Proof) { p.Bs.Sub(&outside[rand.IntN(len(outside))], &p.Bs) },
		func(p *groth16.Proof) { p.Bs.Add(&outside[0], &outside[1]) },
	}
	for _, size := range []int{1, singleSize, singleSize + 1, 20, 33, 60} {
		for _, bad := range []int{0, 1, size / 2, size} {
			claims := make([]Claim, size)
			for i := range claims {
				claims[i] = d.randomClaim(t)
			}
			for _, i := range rand.Perm(size)[:bad] {
				var p groth16.Proof
				p.Ar, p.Bs, p.Krs = unpack(t, &claims[i].Membership.Proof)
				changes[rand.IntN(len(changes))](&p)
				claims[i].Membership.Proof = pack(p.Ar, p.Bs, p.Krs)
			}
			for range bad / 4 { // repeated claims, and proofs of other claims
				claims[rand.IntN(size)] = claims[rand.IntN(size)]
				claims[rand.IntN(size)].Membership.Proof = claims[rand.IntN(size)].Membership.Proof
			}
			verdicts := make([]error, size)
			vk.verifyGroup(t.Context(), claims, verdicts, newRoom(size))
			for i := range claims {
				require.Equal(t, vk.Verify(&claims[i]), verdicts[i])
				o, err := vk.decode(&claims[i])
				require.NoError(t, err)
				err = groth16.Verify(&groth16.Proof{Ar: o.a, Bs: o.b, Krs: o.c}, &key, fr.Vector(o.inputs))
				require.Equal(t, err == nil, verdicts[i] == nil, "gnark: %v, here: %v", err, verdicts[i])
			}
		}
	}
}

// ofSmallOrders returns points of the twist of each prime order that divides its cofactor 2p - r.
func ofSmallOrders(t *testing.T) []bn254.G2Affine {
	t.Helper()
	cofactor := new(big.Int).Lsh(fp.Modulus(), 1)
	cofactor.Sub(cofactor, fr.Modulus())
	primes := []*big.Int{big.NewInt(10069), big.NewInt(5864401), big.NewInt(1875725156269), new(big.Int).Set(cofactor)}
	for _, prime := range primes[:3] {
		primes[3].Div(primes[3], prime)
	}
	points := make([]bn254.G2Affine, len(primes))
	for i, prime := range primes {
		require.True(t, prime.ProbablyPrime(20))
		k := new(big.Int).Mul(cofactor, fr.Modulus())
		k, rest := k.DivMod(k, prime, new(big.Int))
		require.Zero(t, rest.Sign())
		// By doubling and adding: gnark-crypto's multiples are those of points of G2.
		q, z := outside(), bn254.G2Affine{}
		for bit := k.BitLen() - 1; bit >= 0; bit-- {
			z.Double(&z)
			if k.Bit(bit) == 1 {
				z.Add(&z, &q)
			}
		}
		require.True(t, z.IsOnCurve() && !z.IsInfinity())
		points[i] = z
	}
	return points
}
