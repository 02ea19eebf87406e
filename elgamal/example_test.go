package elgamal_test

import (
	"context"
	"fmt"

	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/transcript"
)

// Three voters answer yes or no; two of three trustees open the sum.
func Example() {
	// The key ceremony gives trustee j the secret x_j = a + b*j, and everybody H = a*G and Y_j = x_j*G. Nobody has a.
	a, b := randomScalar(), randomScalar()
	key, err := elgamal.NewPublicKey(new(babyjub.Point).ScalarBaseMul(a))
	if err != nil {
		panic(err)
	}
	trustee := func(j int) (*babyjub.Scalar, *babyjub.Point) {
		x := new(babyjub.Scalar).SetUint64(uint64(j))
		x.Mul(x, b)
		x.Add(x, a)
		return x, new(babyjub.Point).ScalarBaseMul(x)
	}

	// The ballots, one of them with weight 10.
	yes, no, heavy := key.Encrypt(1, randomScalar()), key.Encrypt(0, randomScalar()), key.Encrypt(1, randomScalar())
	heavy.MulUint64(10, &heavy)
	sum := elgamal.NewCiphertext()
	sum.Add(&sum, &yes).Add(&sum, &no).Add(&sum, &heavy)
	sums := []elgamal.Ciphertext{*sum.MulByCofactor(&sum)}

	// Trustees 1 and 3 publish shares; anyone verifies them.
	statement := func(j int) *transcript.Transcript {
		t := transcript.New("example opening")
		t.Absorb("election", []byte("one question"))
		t.AbsorbUint64("trustee", uint64(j))
		return t
	}
	shares := map[int]*elgamal.Share{}
	for _, j := range []int{1, 3} {
		x, y := trustee(j)
		share, err := elgamal.NewShare(statement(j), x, y, sums)
		if err != nil {
			panic(err)
		}
		if err := share.Verify(statement(j), y, sums); err != nil {
			panic(err)
		}
		shares[j] = share
	}

	points, err := elgamal.Combine(2, shares, sums)
	if err != nil {
		panic(err)
	}
	table, err := elgamal.NewLogTable(13) // no more than 12 can have been counted
	if err != nil {
		panic(err)
	}
	total, err := table.Solve(context.Background(), &points[0])
	fmt.Println(total, err)

	delete(shares, 3)
	_, err = elgamal.Combine(2, shares, sums)
	fmt.Println(err)
	// Output:
	// 11 <nil>
	// elgamal: invalid opening: 1 shares, 2 needed
}
