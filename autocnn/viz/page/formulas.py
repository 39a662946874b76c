"""What each primitive computes and the formulas of its derivative, in words that a page can show."""

# ruff: noqa: E501  (a table is read by rows)

from __future__ import annotations

NONE = "no gradient: it is not differentiable"
ZERO = "dx = 0, since it is constant between its steps"

# name | z | the gradient of each argument.  g is the gradient of z; products are elementwise, `@` of matrices.
# Where arguments broadcast, their gradients are also summed over the axes that were stretched.
_TABLE = f"""
abs | z = |x| | dx = g · sign(x)
acos | z = arccos x | dx = −g / √(1 − x²)
acosh | z = arcosh x | dx = g / √(x² − 1)
adaptive_avg_pool | z = mean over windows that share out the image evenly | dx = adaptive_avg_unpool(g)
adaptive_avg_unpool | z = each value shared out evenly over its window | dg = adaptive_avg_pool(of its gradient)
adaptive_winners | z = places of the largest x in windows that share out the image evenly | {NONE}
add | z = x + y | dx = g | dy = g
alias | z = x | dx = g
all | z = whether all of x are true | {NONE}
amax | z = max x | dx = g where x = z, shared evenly by ties; else 0
amin | z = min x | dx = g where x = z, shared evenly by ties; else 0
any | z = whether any of x is true | {NONE}
argmax | z = place of the largest x | {NONE}
argmin | z = place of the smallest x | {NONE}
asin | z = arcsin x | dx = g / √(1 − x²)
asinh | z = arsinh x | dx = g / √(x² + 1)
atan | z = arctan x | dx = g / (1 + x²)
atan2 | z = angle of the point (y, x): arctan(x / y) | dx = g · y / (x² + y²) | dy = −g · x / (x² + y²)
atanh | z = artanh x | dx = g / (1 − x²)
avg_pool | z = mean over windows | dx = avg_unpool(g)
avg_unpool | z = each value shared out evenly over its window, overlaps added | dg = avg_pool(of its gradient)
batch_norm | z = w · x̂ + b, x̂ = (x − μ) / √(σ² + ε), μ and σ² of the batch | dx = w / √(σ² + ε) · (g − mean g − x̂ · mean(g · x̂)) | dw = Σ g · x̂ | db = Σ g
batch_norm_backward | all gradients of batch_norm at once | {NONE} here; derivatives of it go by batch_norm's definition
batch_norm_fixed | z = w · (x − μ) / √(σ² + ε) + b, μ and σ² given | dx = g · w / √(σ² + ε) | dw = Σ g · (x − μ) / √(σ² + ε) | db = Σ g | dμ = −Σ g · w / √(σ² + ε) | dσ² = −½ Σ g · w · (x − μ) / (σ² + ε)^1.5
batch_norm_relu_backward | all gradients of batch_norm at once, from that of the relu behind it | {NONE} here; derivatives go by the definitions
bernoulli | z = 1 with chance x, else 0 | {NONE}
binary_cross_entropy | z = −y log x − (1 − y) log(1 − x) | dx = g · (x − y) / (x (1 − x)) | dy = g · (log(1 − x) − log x)
bitwise_and | z = x & y | {NONE}
bitwise_not | z = ~x | {NONE}
bitwise_or | z = x \\| y | {NONE}
bitwise_xor | z = x ^ y | {NONE}
border | z = x with mirrored, repeated or wrapped borders | dx = fold_border(g): each border's gradient added where it came from
broadcast_to | z = x, repeated along new axes | dx = sum_to(g)
cast | z = x in another element type | dx = g in x's element type
cat | z = the arguments, one after another | each: its part of g
cbrt | z = ∛x | dx = g / (3 z²)
ceil | z = ⌈x⌉ | {ZERO}
channel_spread | z = v along the channels of an image | dv = channel_sum(g)
channel_sum | z = Σ over all but the channels | dx = channel_spread(g)
clamp | z = x, held between low and high | dx = g where low ≤ x ≤ high; else 0
clamp_backward | z = g where low ≤ x ≤ high; else 0 | dg = its gradient there | dx = 0
clamp_max | z = min(x, y) | dx = g where x ≤ y | dy = g where x > y
clamp_min | z = max(x, y) | dx = g where x ≥ y | dy = g where x < y
clear | z = x with zeros at a place | dx = g with zeros there
clone | z = x | dx = g
contiguous | z = x | dx = g
conv | z = x ⋆ w | dx = conv_input(g, w) | dw = conv_weight(g, x)
conv_bias | z = x ⋆ w + b | dx = conv_input(g, w) | dw = conv_weight(g, x) | db = channel_sum(g)
conv_bias_relu | z = max(x ⋆ w + b, 0) | dx = conv_input(h, w), h = g where z > 0; else 0 | dw = conv_weight(h, x) | db = channel_sum(h)
conv_input | z = the transpose of conv, applied to g: each value spreads the kernel w | dg = conv(its gradient, w) | dw = conv_weight(g, its gradient)
conv_weight | z = for each place in the kernel, Σ g · x shifted by it | dg = conv(x, its gradient) | dx = conv_input(g, its gradient)
cos | z = cos x | dx = −g · sin x
cosh | z = cosh x | dx = g · sinh x
count_nonzero | z = how many of x are not zero | {NONE}
crop | z = x without its borders | dx = pad(g) with zeros
cross_entropy | z = −log softmax(x) at the target | dx = g · (p − 1[target]), p = softmax x
cross_entropy_backward | z = g · (e^logp − 1[target]) | {NONE} here; derivatives of it go by cross_entropy's definition
cumprod | z = running product of x | dx = Σ over the later z of g · z without that x
cumsum | z = running sum of x | dx = running sum of g from the other end
det | z = determinant of x | dx = g · z · (x⁻¹)ᵀ
detach | z = x | no gradient: it stops here
diagonal | z = the diagonal of x | dx = undiagonal(g)
div | z = x / y | dx = g / y | dy = −g · z / y
divide_or_zero | z = x / y, 0 where y = 0 | dx = g / y | dy = −g · z / y, 0 where y = 0
dropout | z = x · m / (1 − p), m drawn | dx = g · m / (1 − p), the same m
dropout_backward | z = g · m / (1 − p), m as dropout drew it | {NONE} here; derivatives of it go by dropout's definition
einsum | z = products of the arguments, summed over the indices that z lacks | each: the einsum of g and the others
elu | z = x if x > 0, else α (eˣ − 1) | dx = g where x > 0; else g · α eˣ
elu_backward | z = g where x > 0; else g · α eˣ | {NONE} here; derivatives of it go by elu's definition
eq | z = (x = y) | {NONE}
erf | z = erf x | dx = g · 2/√π · e^(−x²)
erfc | z = 1 − erf x | dx = −g · 2/√π · e^(−x²)
erfinv | erf z = x | dx = g · √π/2 · e^(z²)
exp | z = eˣ | dx = g · z
exp2 | z = 2ˣ | dx = g · z · ln 2
expm1 | z = eˣ − 1 | dx = g · (z + 1)
flip | z = x, turned round along axes | dx = flip(g)
floor | z = ⌊x⌋ | {ZERO}
floor_divide | z = ⌊x / y⌋ | dx = 0 | dy = 0, since it is constant between its steps
fmax | z = max(x, y), without NaN if it can | dx = g where x is taken | dy = g where y is taken
fmin | z = min(x, y), without NaN if it can | dx = g where x is taken | dy = g where y is taken
fmod | z = x − y · trunc(x / y) | dx = g | dy = −g · trunc(x / y)
fold | z = patches put back, overlaps added | dx = unfold(g)
fold_border | z = borders added to where they came from | dx = border(g)
frac | z = x − trunc x | dx = g
function | z = what the forward function of one's own makes of its tensors | each what its backward function makes of g
gate | the arguments as they are, where a module's hooks look on | each: its part of g
gather | z = x at the index along an axis | dx = ungather(g): g added at the index
ge | z = (x ≥ y) | {NONE}
gelu | z = x · Φ(x) | dx = g · (Φ(x) + x · φ(x)), φ the normal density, Φ its integral
gelu_backward | z = g · (Φ(x) + x · φ(x)) | {NONE} here; derivatives of it go by gelu's definition
gelu_tanh | z = ½ x (1 + tanh u), u = √(2/π) (x + 0.044715 x³) | dx = g · (½ (1 + tanh u) + ½ x (1 − tanh² u) u′)
gelu_tanh_backward | z = g · (½ (1 + tanh u) + ½ x (1 − tanh² u) u′) | {NONE} here; derivatives of it go by gelu_tanh's definition
greater_share | z = g where x > y, half of it where x = y; else 0 | dg = its gradient there | dx = 0 | dy = 0
gru | z = the states h of gated recurrent units: r, u = σ(x wᵀ + b + h vᵀ + d), n = tanh(x wᵀ + b + r · (h vᵀ + d)), h ← (1 − u) n + u h | through all steps, from the last to the first: dx = dgates @ w | dh = what passes the first step | dw = dgatesᵀ @ x | dv = dgatesᵀ @ h | db, dd = Σ dgates
gru_backward | all gradients of gru at once | {NONE} here; derivatives of it go by gru's definition
gt | z = (x > y) | {NONE}
hardsigmoid | z = x / 6 + ½, held between 0 and 1 | dx = g / 6 where |x| < 3; else 0
hardswish | z = x · hardsigmoid(x) | dx = g · (x / 3 + ½) where |x| < 3; g above; 0 below
hardswish_backward | z = g · the slope of hardswish at x | dg = its gradient · the slope | dx = its gradient · g / 3 where |x| < 3
hardtanh | z = x, held between low and high | dx = g where low < x < high; else 0
hardtanh_backward | z = g where low < x < high; else 0 | dg = its gradient there | dx = 0
hot_classes | z = 1 at the class, else 0 | {NONE}
huber | z = ½ x² where |x| ≤ δ, else δ (|x| − ½ δ) | dx = g · x, held between −δ and δ
hypot | z = √(x² + y²) | dx = g · x / z | dy = g · y / z
index | z = x at the positions | dx = unindex(g): g added at the positions
isclose | z = whether x and y are close | {NONE}
isfinite | z = whether x is finite | {NONE}
isinf | z = whether x is infinite | {NONE}
isnan | z = whether x is not a number | {NONE}
item | z = one output of an op with several | its part of the op's gradient is g
item_forward | z = one output of an op with several | its part of the op's gradient is g
known_class | z = whether the class counts | {NONE}
le | z = (x ≤ y) | {NONE}
leaky_relu | z = x if x > 0, else slope · x | dx = g where x > 0; else slope · g
leaky_relu_backward | z = g where x > 0; else slope · g | dg = its gradient, likewise | dx = 0
leave_one_out | z = for each place, the others of x | dx = sum_left_out(g)
left_shift | z = x · 2ʸ, of integers | {NONE}
lerp | z = x + w (y − x) | dx = g · (1 − w) | dy = g · w | dw = g · (y − x)
lifted_base | z = x, made 1 where x^y has no slope | dx = g where it is kept | dy = 0
lifted_exponent | z = y, made 1 where x^y has no slope | dx = 0 | dy = g where it is kept
linear | z = x @ wᵀ + b | dx = g @ w | dw = gᵀ @ x | db = Σ g over the samples
log | z = ln x | dx = g / x
log10 | z = log₁₀ x | dx = g / (x ln 10)
log1p | z = ln(1 + x) | dx = g / (1 + x)
log2 | z = log₂ x | dx = g / (x ln 2)
log_or_zero | z = ln y, 0 where x = 0 and y ≤ 0 | dx = 0 | dy = g / y
log_softmax | z = x − ln Σ eˣ | dx = g − eᶻ · Σ g
log_softmax_backward | z = g − eᶻ · Σ g | {NONE} here; derivatives of it go by log_softmax's definition
logaddexp | z = ln(eˣ + eʸ) | dx = g · σ(x − y) | dy = g · σ(y − x)
logical_and | z = x and y | {NONE}
logical_not | z = not x | {NONE}
logical_or | z = x or y | {NONE}
logical_xor | z = either x or y | {NONE}
logit_cross_entropy | z = −y log σ(x) − (1 − y) log(1 − σ(x)) | dx = g · (σ(x) − y) | dy = −g · x
logsigmoid | z = ln σ(x) | dx = g · σ(−x)
logsumexp | z = ln Σ eˣ | dx = g · e^(x − z)
lstm | z = the states h, and the last c, of long short-term memory: i, f, g, o = σ, tanh for g, of x wᵀ + h vᵀ + b; c ← f c + i g, h ← o tanh c | through all steps, from the last to the first: dx = dgates @ w | dh, dc = what passes the first step | dw = dgatesᵀ @ x | dv = dgatesᵀ @ h | db = Σ dgates
lstm_backward | all gradients of lstm at once | {NONE} here; derivatives of it go by lstm's definition
lt | z = (x < y) | {NONE}
matmul | z = x @ y | dx = g @ yᵀ | dy = xᵀ @ g
max_pool | z = max over windows | dx = max_unpool(g): g added at each window's winner, the first of equals
max_pool_indices | z = the place of each winner in the image | {NONE}
max_pool_take | z = x at the winners | dx = max_unpool(g)
max_unpool | z = g added at the winners | dg = max_pool_take(its gradient)
maximum | z = max(x, y) | dx = g where x > y, g / 2 where x = y | dy = g where y > x, g / 2 where x = y
mean | z = Σ x / n | dx = g / n, spread over x
median | z = the x in the middle, of two the smaller | dx = g where x = z, shared evenly by ties; else 0
median_share | z = 1 / the number of x that equal the median, else 0 | {NONE}
middle_place | z = place of the x in the middle | {NONE}
minimum | z = min(x, y) | dx = g where x < y, g / 2 where x = y | dy = g where y < x, g / 2 where x = y
mish | z = x · t, t = tanh(ln(1 + eˣ)) | dx = g · (t + x (1 − t²) σ(x))
mish_backward | z = g · (t + x (1 − t²) σ(x)), t = tanh(ln(1 + eˣ)) | {NONE} here; derivatives of it go by mish's definition
mul | z = x · y | dx = g · y | dy = g · x
nan_to_num | z = x, with numbers for NaN and infinity | dx = g where x is finite; else 0
ne | z = (x ≠ y) | {NONE}
neg | z = −x | dx = −g
nonzero | z = the places where x is not zero | {NONE}
norm | z = (Σ |x|ᵖ)^(1/p) | dx = g · sign(x) · (|x| / z)^(p−1)
norm2 | z = √Σ x² | dx = g · x / z
normalize | z = (x − μ) / √(σ² + ε), μ and σ² along the axes | dx = (g − mean g − z · mean(g · z)) / √(σ² + ε)
normalize_backward | z = the gradient of normalize | {NONE} here; derivatives of it go by normalize's definition
not_lifted | z = whether x^y has a slope as it stands | {NONE}
one_hot | z = 1 at the class, else 0 | {NONE}
order | z = places of x in order of size | {NONE}
over_samples | z = mean or sum of the samples' losses | dx = per_sample(g)
overwrite | z = x with v written at a place | dx = g with zeros there | dv = g at that place
pad | z = x with a border of one value | dx = crop(g)
per_sample | z = g's share of each sample | dx = over_samples(its gradient)
permute | z = x with its axes in another order | dx = g with its axes in the old order
pick_at | z = x at the index | dx = place_at(g)
place_at | z = x at the index, else 0 | dx = pick_at(g)
pow | z = x^y | dx = g · y · x^(y−1) | dy = g · z · ln x
power | z = xⁿ | dx = g · n · xⁿ⁻¹
prelu | z = x if x > 0, else weight · x | dx = g where x > 0; else weight · g | dweight = Σ g · x where x ≤ 0
prod | z = Π x | dx = g · the product of the others
prod_backward | z = g · the product of the others | {NONE} here; derivatives of it go by prod's definition
project | z = x @ wᵀ | dx = g @ w | dw = gᵀ @ x
put | z = x with v written at the positions | dx = g with zeros there | dv = g at the positions
put_ordered | z = x at its places, else 0 | dx = take_ordered(g)
reciprocal | z = 1 / x | dx = −g · z²
recurrence | z[i] = g[i] + x[i] z[i − 1], or in reverse z[i] = g[i] + x[i + 1] z[i + 1] | dg = recurrence the other way round | dx = that, times the z it met
relu | z = max(x, 0) | dx = g where z > 0; else 0
relu_backward | z = x where y > 0; else 0 | dx = g where y > 0; else 0 | dy = 0
remainder | z = x − y · ⌊x / y⌋ | dx = g | dy = −g · ⌊x / y⌋
reshape | z = x in another shape | dx = g in x's shape
right_shift | z = x / 2ʸ, of integers | {NONE}
roll | z = x, shifted round along axes | dx = g, shifted back
resize | z = weighted means of the nearest x along some axes | dx = unresize(g)
round | z = x, rounded | {ZERO}
rrelu | z = x if x > 0, else slope · x, slopes drawn | dx = g where x > 0; else slope · g
rrelu_backward | z = g where x > 0; else slope · g, the same slopes | dg = its gradient, likewise | dx = 0
rsqrt | z = 1 / √x | dx = −½ g · z³
running_mean | z = (1 − m) before + m · scale · now, statistics on their way | {NONE}
running_place | z = place of the extreme x so far | {NONE}
scatter | z = x with src written at the index | dx = g with zeros there | dsrc = g at the index
sigmoid | z = σ(x) = 1 / (1 + e⁻ˣ) | dx = g · z · (1 − z)
sigmoid_backward | z = x · y · (1 − y) | dx = g · y · (1 − y) | dy = g · x · (1 − 2y)
sign | z = sign x | {ZERO}
silu | z = x · σ(x) | dx = g · σ(x) · (1 + x · (1 − σ(x)))
silu_backward | z = g · σ(x) · (1 + x · (1 − σ(x))) | {NONE} here; derivatives of it go by silu's definition
sin | z = sin x | dx = g · cos x
sinh | z = sinh x | dx = g · cosh x
slice | z = a part of x | dx = g there, else 0
softmax | z = eˣ / Σ eˣ | dx = z · (g − Σ g · z)
softmax_backward | z = z · (g − Σ g · z) | {NONE} here; derivatives of it go by softmax's definition
softplus | z = ln(1 + e^(βx)) / β | dx = g · σ(βx)
softplus_backward | z = g · σ(βx) | {NONE} here; derivatives of it go by softplus's definition
softsign | z = x / (1 + |x|) | dx = g / (1 + |x|)²
solve | z = x⁻¹ @ y | dx = −unsolve(g, x) @ zᵀ | dy = unsolve(g, x)
split | the parts of x | dx = the parts of g, joined
spread | z = x, repeated along axes | dx = Σ g over them
sqrt | z = √x | dx = g / (2z)
square | z = x² | dx = 2 g · x
stack | z = the arguments along a new axis | each: its slice of g
std | z = √(Σ (x − μ)² / (n − c)) | dx = g · (x − μ) / ((n − c) · z)
sub | z = x − y | dx = g | dy = −g
sum | z = Σ x | dx = g, spread over x
sum_left_out | z = for each place, Σ over where it was not left out | dx = leave_one_out(g)
sum_to | z = Σ x down to a smaller shape | dx = broadcast_to(g)
take_ordered | z = x at places, none twice | dx = put_ordered(g)
takes_first | z = whether x is the one taken of x and y | {NONE}
tan | z = tan x | dx = g · (1 + z²)
tanh | z = tanh x | dx = g · (1 − z²)
tanh_backward | z = x · (1 − y²) | dx = g · (1 − y²) | dy = −2 g · x · y
tanhshrink | z = x − tanh x | dx = g · tanh² x
threshold | z = x if x > at, else value | dx = g where x > at; else 0
tie_share | z = 1 / (number of ties) where x = z, else 0 | {NONE}
to_device | z = x on another device | dx = g, back on x's device
tril | z = x with zeros above a diagonal | dx = tril(g)
triu | z = x with zeros below a diagonal | dx = triu(g)
trunc | z = x without its fraction | {ZERO}
trunc_divide | z = trunc(x / y) | dx = 0 | dy = 0, since it is constant between its steps
turns | z = where each element goes, the second that comes to a place into a second layer, and so on | {NONE}
unbind | the slices of x along an axis | dx = the slices of g, stacked
undiagonal | z = x on a diagonal, else 0 | dx = diagonal(g)
unfold | z = the patches of x | dx = fold(g): patches put back, overlaps added
ungather | z = x added at the index along an axis | dx = gather(g)
unindex | z = x added at the positions | dx = index(g)
unresize | z = each value spread over what it was made of, by the same weights | dg = resize(of its gradient)
unslice | z = x at a place, else 0 | dx = slice(g)
unsolve | z = (yᵀ)⁻¹ @ g | dg = solve(y, its gradient) | dy = −z @ (that)ᵀ
var | z = Σ (x − μ)² / (n − c) | dx = 2 g · (x − μ) / (n − c)
weight_of | z = the weight of each sample's class | {NONE}
where | z = x where the condition holds, else y | dx = g where it holds | dy = g where it does not
xlogy | z = x · ln y, 0 where x = 0 | dx = g · ln y | dy = g · x / y
zeros_like | z = 0 | {NONE}
"""


def _rows() -> dict[str, list[str]]:
    rows: dict[str, list[str]] = {}
    for row in _TABLE.strip().splitlines():
        name, *formulas = (part.replace("\x00", "|") for part in row.replace("\\|", "\x00").split(" | "))
        rows[name] = formulas
    return rows


FORMULAS = _rows()
"""By the name of a primitive: the formula of its value, then those of its arguments' gradients."""
