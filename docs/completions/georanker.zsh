#compdef georanker

autoload -U is-at-least

_georanker() {
    typeset -A opt_args
    typeset -a _arguments_options
    local ret=1

    if is-at-least 5.2; then
        _arguments_options=(-s -S -C)
    else
        _arguments_options=(-s -C)
    fi

    local context curcontext="$curcontext" state line
    _arguments "${_arguments_options[@]}" : \
'-q[No progress and no notes on stderr; errors are still shown]' \
'--quiet[No progress and no notes on stderr; errors are still shown]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
":: :_georanker_commands" \
"*::: :->georanker" \
&& ret=0
    case $state in
    (georanker)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:georanker-command-$line[1]:"
        case $line[1] in
            (locate)
_arguments "${_arguments_options[@]}" : \
'--pack=[Model pack directory \[default\: beside the binary, then ./packs/starter\]]:DIR:_files' \
'--gallery=[Search this gallery instead of the pack'\''s own]:DIR:_files' \
'-f+[Output format]:table|json|jsonl|geojson|kml|csv|html:_default' \
'--format=[Output format]:table|json|jsonl|geojson|kml|csv|html:_default' \
'-o+[Write to this file instead of stdout]:FILE:_files' \
'--out=[Write to this file instead of stdout]:FILE:_files' \
'--map=[Also write an HTML map to this file]:FILE:_files' \
'--top=[How many candidates to show for each photo]:N:_default' \
'--distinct=[List no candidate closer than this many km to a better one; 0 lists all]:KM:_default' \
'--region=[Only answers in this region\: a country code (AU), south,west,north,east in degrees, or lat,lon,radius in km]:REGION:_default' \
'--precision=[Coarsen the output to about this many km, or to the country]:1|25|200|country:_default' \
'--decide=[How to choose the answer\: argmax, geoscore, or threshold\:KM \[default\: as the pack says\]]:RULE:_default' \
'*--exclude=[Leave out gallery photos that would give the answer away]:WHAT,...:((same-author\:"Photos by \`--author\`"
near-duplicate\:"Near-duplicates of the photo itself"))' \
'--max-megapixels=[Largest photo that is decoded, in megapixels]:N:_default' \
'*--fuse=[Search these channels of the gallery together, by the weighted sum of their similarities, such as g3-image=1,g3-text=0.5]:CHANNEL=WEIGHT,...:_default' \
'--dedupe=[Of candidates within this many metres of a more similar one keep only that one; others take their places]:METRES:_default' \
'(--more-coordinates)--coordinates=[Search these coordinates (CSV with LAT, LON) in the location channel instead of the pack'\''s]:FILE:_files' \
'--more-coordinates=[Search these coordinates (CSV with LAT, LON) besides the pack'\''s]:FILE:_files' \
'--query-cache=[Keep the vectors of the photos in this directory\: a photo that comes again is not encoded again]:DIR:_files' \
'--author=[Who took the photos; needed for \`--exclude same-author\`]:NAME:_default' \
'(--generated)--generate=[Also ask a vision-language model for candidates\: the photos are sent to this address (a chat API in OpenAI'\''s manner)]:URL:_default' \
'--generate-model=[Name of that model, as the server knows it]:NAME:_default' \
'--generate-key-env=[Name of the environment variable that holds the key; without it no key is sent]:VARIABLE:_default' \
'--generate-samples=[How often the model is asked about each photo]:N:_default' \
'--generate-detail=[How closely the model looks; none sends no picture at all]:GENERATE_DETAIL:((none\:"No picture"
low\:"A small version at a fixed price"
high\:"In tiles, at a price by size"
auto\:"As the server thinks best"))' \
'--generate-prompt=[What is asked\: the paper'\''s zero-shot prompt, or G3'\''s with coordinates of similar and dissimilar gallery photos]:GENERATE_PROMPT:((zero-shot\:"The photo alone"
retrieval\:"With coordinates of similar and dissimilar photos"))' \
'--generate-temperature=[Sampling temperature]:T:_default' \
'--generate-requests-per-minute=[Most requests a minute, evenly spaced]:N:_default' \
'--generate-budget=[Stop asking before this run costs more than this, in the currency of the prices; the rest is located by the gallery alone]:COST:_default' \
'--generate-price-in=[Price of a million tokens of prompts and photos]:PRICE:_default' \
'--generate-price-out=[Price of a million tokens of answers]:PRICE:_default' \
'--generate-cache=[Directory of answers \[default\: georanker/answers in the user'\''s cache directory\]]:DIR:_files' \
'--generated=[Take candidates from a file that \`georanker generate\` wrote]:FILE:_files' \
'--merge-within-m=[A written candidate within this many metres of another one is merged with it]:METRES:_default' \
'--judge=[Rank the best candidates with this vision-language model (Qwen2-VL with a value head, as \`score --model\`)\: one prompt a candidate, minutes a photo]:DIR:_files' \
'--judge-adapter=[Its adapter, as \`train vlm\` or PEFT saves it]:DIR:_files' \
'--judge-found=[How many found candidates it looks at, the best of the pack'\''s ranker]:N:_default' \
'--judge-written=[How many candidates that only a model wrote it looks at]:N:_default' \
'--judge-dtype=[Number format of its computation]:f32|bf16|f16:((f32\:"32 bits"
bf16\:"16 bits with the range of 32"
f16\:"16 bits with a small range"))' \
'--judge-device=[Where it runs\: cpu, or cuda in a build with CUDA]:cpu|cuda|cuda:N:_default' \
'--judge-max-pixels=[Largest photo that it sees, in pixels; larger ones are scaled down, which saves most of the time \[default\: as the model says\]]:PIXELS:_default' \
'--judge-weights=[How its weights are held in memory\: as stored, or quantised to 8 or 4 bits]:stored|q8|q4:((stored\:"In the number format of the computation"
q8\:"8 bits per weight"
q4\:"4 bits per weight"))' \
'--judge-weights-cache=[Keep its quantised weights in this directory; only the first opening then takes minutes]:DIR:_files' \
'--judge-vision-cache=[Keep what its vision tower made of gallery photos in this directory]:DIR:_files' \
'--dedupe-photos[Of gallery photos that are near-duplicates of each other keep only the most similar]' \
'-q[No progress and no notes on stderr; errors are still shown]' \
'--quiet[No progress and no notes on stderr; errors are still shown]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
'*::inputs -- Photos, or directories that hold photos (searched recursively):_files' \
&& ret=0
;;
(gallery)
_arguments "${_arguments_options[@]}" : \
'-q[No progress and no notes on stderr; errors are still shown]' \
'--quiet[No progress and no notes on stderr; errors are still shown]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
":: :_georanker__subcmd__gallery_commands" \
"*::: :->gallery" \
&& ret=0

    case $state in
    (gallery)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:georanker-gallery-command-$line[1]:"
        case $line[1] in
            (build)
_arguments "${_arguments_options[@]}" : \
'--photos=[Folder of photos, or a .tar file]:DIR|TAR:_files' \
'--table=[Photo table (CSV or Parquet with \`IMG_ID\`, \`LAT\`, \`LON\`) \[default\: the photos'\'' own GPS tags\]]:FILE:_files' \
'--where=[Only rows of the table where a column has a value, such as split=gallery; several are joined by commas]:COLUMN=VALUE,...:_default' \
'--report=[Write photos a second, and the shares of reading, decoding and encoding, to this file (JSON)]:FILE:_files' \
'--name=[Name of the gallery \[default\: the directory'\''s name\]]:NAME:_default' \
'--pack=[Model pack directory \[default\: beside the binary, then ./packs/starter\]]:DIR:_files' \
'-q[No progress and no notes on stderr; errors are still shown]' \
'--quiet[No progress and no notes on stderr; errors are still shown]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
':gallery -- Directory of the new gallery:_files' \
&& ret=0
;;
(add)
_arguments "${_arguments_options[@]}" : \
'--photos=[Folder of photos, or a .tar file]:DIR|TAR:_files' \
'--table=[Photo table (CSV or Parquet with \`IMG_ID\`, \`LAT\`, \`LON\`) \[default\: the photos'\'' own GPS tags\]]:FILE:_files' \
'--where=[Only rows of the table where a column has a value, such as split=gallery; several are joined by commas]:COLUMN=VALUE,...:_default' \
'--report=[Write photos a second, and the shares of reading, decoding and encoding, to this file (JSON)]:FILE:_files' \
'--pack=[Model pack directory \[default\: beside the binary, then ./packs/starter\]]:DIR:_files' \
'-q[No progress and no notes on stderr; errors are still shown]' \
'--quiet[No progress and no notes on stderr; errors are still shown]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
':gallery -- Directory of the gallery:_files' \
&& ret=0
;;
(remove)
_arguments "${_arguments_options[@]}" : \
'-q[No progress and no notes on stderr; errors are still shown]' \
'--quiet[No progress and no notes on stderr; errors are still shown]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
':gallery -- Directory of the gallery:_files' \
'*::ids -- Ids, as `gallery export` lists them:_default' \
&& ret=0
;;
(info)
_arguments "${_arguments_options[@]}" : \
'--json[As JSON]' \
'-q[No progress and no notes on stderr; errors are still shown]' \
'--quiet[No progress and no notes on stderr; errors are still shown]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
':gallery -- Directory of the gallery:_files' \
&& ret=0
;;
(verify)
_arguments "${_arguments_options[@]}" : \
'--repair[Write the derived files anew if they are stale or damaged]' \
'-q[No progress and no notes on stderr; errors are still shown]' \
'--quiet[No progress and no notes on stderr; errors are still shown]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
':gallery -- Directory of the gallery:_files' \
&& ret=0
;;
(export)
_arguments "${_arguments_options[@]}" : \
'-o+[Directory for the files]:DIR:_files' \
'--out=[Directory for the files]:DIR:_files' \
'-q[No progress and no notes on stderr; errors are still shown]' \
'--quiet[No progress and no notes on stderr; errors are still shown]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
':gallery -- Directory of the gallery:_files' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_georanker__subcmd__gallery__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:georanker-gallery-help-command-$line[1]:"
        case $line[1] in
            (build)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(add)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(remove)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(info)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(verify)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(export)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
;;
(generate)
_arguments "${_arguments_options[@]}" : \
'--api=[Base address of a chat API in OpenAI'\''s manner; mostly it ends in /v1]:URL:_default' \
'--model=[Name of the model, as the server knows it]:NAME:_default' \
'--api-key-env=[Name of the environment variable that holds the key; without it no key is sent]:VARIABLE:_default' \
'--temperature=[Sampling temperature]:T:_default' \
'--max-tokens=[Most tokens of an answer]:N:_default' \
'--detail=[How closely the model looks; none sends no picture at all]:DETAIL:((none\:"No picture"
low\:"A small version at a fixed price"
high\:"In tiles, at a price by size"
auto\:"As the server thinks best"))' \
'--max-side=[Longest side of the picture that is sent, in pixels]:PIXELS:_default' \
'--structured=[Ask the server to keep to a JSON schema\: auto does unless it refuses (and never under the official protocol)]:STRUCTURED:((auto\:"Unless the server refuses"
on\:"Always"
off\:"Never"))' \
'--seed=[Seed of the sampling, where the server knows such a thing; 0 for a model on this machine]:N:_default' \
'--requests-per-minute=[Most requests a minute, evenly spaced]:N:_default' \
'--timeout=[Longest wait for a response, in seconds]:SECONDS:_default' \
'--retries=[How often a failed request is sent again]:N:_default' \
'--retry-delay=[Wait before the first of these, in seconds; it doubles each time]:SECONDS:_default' \
'(--api --model --api-key-env --detail --max-side --structured --requests-per-minute --timeout --retries --retry-delay --concurrency)--local=[Instead of a server\: directory of a vision-language model (config.json, tokenizer.json, *.safetensors)]:DIR:_files' \
'(--api)--weights=[With --local\: how the weights are held in memory, as stored or quantised to 8 or 4 bits]:stored|q8|q4:((stored\:"In the number format of the computation"
q8\:"8 bits per weight"
q4\:"4 bits per weight"))' \
'(--api)--weights-cache=[With --local\: keep quantised weights in this directory; only the first opening of a model then takes minutes]:DIR:_files' \
'(--api)--dtype=[With --local\: number format of the computation]:f32|bf16|f16:((f32\:"32 bits"
bf16\:"16 bits with the range of 32"
f16\:"16 bits with a small range"))' \
'(--api)--top-k=[With --local\: only this many of the likeliest tokens are chosen from; 0\: all]:K:_default' \
'(--api)--top-p=[With --local\: only the likeliest tokens that together have this probability are chosen from]:P:_default' \
'(--api)--min-pixels=[With --local\: smallest photo that the model sees; smaller ones are scaled up \[default\: as the model says\]]:N:_default' \
'(--api)--max-pixels=[With --local\: largest photo that the model sees; larger ones are scaled down. 784 pixels are a token]:N:_default' \
'(--api)--device=[With --local\: where the model runs; a GPU needs a program built with \`--features cuda\`]:cpu|cuda|cuda:N:_default' \
'(--api)--threads=[With --local\: threads \[default\: one a core\]]:N:_default' \
'--prompt=[What is asked\: the paper'\''s zero-shot prompt, or G3'\''s with coordinates of similar and dissimilar photos of the pack'\''s gallery]:PROMPT:((zero-shot\:"The photo alone"
retrieval\:"With coordinates of similar and dissimilar photos"))' \
'--references=[How many similar and how many dissimilar photos the retrieval prompt names, each]:N:_default' \
'-n+[Answers for each photo]:N:_default' \
'--samples=[Answers for each photo]:N:_default' \
'--protocol=[Rules for prompts, pixels and reading\: ours, or those of the official code to the letter (unreadable answers become 0, 0)]:official|default:((default\:"Unreadable answers are dropped and counted"
official\:"As the official code, 0, 0 for unreadable answers"))' \
'--concurrency=[Photos that are asked about at the same time]:N:_default' \
'--budget=[Stop before this run costs more than this, in the currency of the prices]:COST:_default' \
'--price-in=[Price of a million tokens of prompts and photos]:PRICE:_default' \
'--price-out=[Price of a million tokens of answers]:PRICE:_default' \
'--cache=[Directory of answers \[default\: georanker/answers in the user'\''s cache directory\]]:DIR:_files' \
'-o+[Write to this file instead of stdout]:FILE:_files' \
'--out=[Write to this file instead of stdout]:FILE:_files' \
'--pack=[Model pack directory \[default\: beside the binary, then ./packs/starter\]]:DIR:_files' \
'--max-megapixels=[Largest photo that is decoded, in megapixels]:N:_default' \
'--dry-run[Send nothing; print what a run would ask for and cost as JSON]' \
'-q[No progress and no notes on stderr; errors are still shown]' \
'--quiet[No progress and no notes on stderr; errors are still shown]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
'*::inputs -- Photos, or directories that hold photos (searched recursively):_files' \
&& ret=0
;;
(curate)
_arguments "${_arguments_options[@]}" : \
'-q[No progress and no notes on stderr; errors are still shown]' \
'--quiet[No progress and no notes on stderr; errors are still shown]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
":: :_georanker__subcmd__curate_commands" \
"*::: :->curate" \
&& ret=0

    case $state in
    (curate)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:georanker-curate-command-$line[1]:"
        case $line[1] in
            (build)
_arguments "${_arguments_options[@]}" : \
'--gallery=[Directory of the gallery that gives the candidates]:DIR:_files' \
'(--gallery --photos --where)--retrieved=[Row numbers of --collection for each row of --queries, as FAISS finds them (I.npy), instead of a gallery]:I.npy:_files' \
'--distances=[The similarities that belong to --retrieved (D.npy of an inner-product index)]:D.npy:_files' \
'--collection=[Photo table that --retrieved counts in, such as MP16-Pro'\''s CSV]:FILE:_files' \
'--queries=[Photo table of the queries (CSV or Parquet with \`IMG_ID\`, \`LAT\`, \`LON\`), or \`same\` for the gallery'\''s own photos]:FILE|same:_files' \
'--photos=[Folder of photos, or a .tar file, for queries that are not in the gallery; without a table all its photos, by their GPS tags]:DIR|TAR:_files' \
'--query-cache=[Keep the vectors of photos that are not in the gallery in this directory, for later runs]:DIR:_files' \
'--where=[Only rows of the table where a column has a value, such as split=train; several are joined by commas]:COLUMN=VALUE,...:_default' \
'--top=[Candidates a query]:N:_default' \
'*--exclude=[What is no candidate; without \`self\` the query is the first of its own list, as in the official files]:WHAT,...:((self\:"The query itself"
near-duplicate\:"Copies of the query, by perceptual hash"
same-author\:"Photos by the query'\''s author"
none\:"Nothing"))' \
'--near-duplicate-bits=[Photos whose perceptual hashes differ in at most this many of 64 bits are near-duplicates]:BITS:_default' \
'--min-distance-m=[No candidates closer to the query than this, metres]:METRES:_default' \
'--per-cell=[At most this many candidates in one cell of the map \[default\: no limit\]]:N:_default' \
'--cell-km=[Width and height of a cell, km]:KM:_default' \
'--min-far=[At least this many candidates 750 km or more from the query]:N:_default' \
'--at-least=[Leave out queries with fewer candidates]:N:_default' \
'--deepest=[How many similar photos to look at when the rules leave too few]:N:_default' \
'--sample=[Only this part of the queries, 0 to 1, chosen by --seed]:FRACTION:_default' \
'--seed=[Chooses the sample\: the same seed, the same queries]:SEED:_default' \
'--pack=[Model pack directory \[default\: beside the binary, then ./packs/starter\]]:DIR:_files' \
'--official-columns[Only the five columns of the official files, without \`ref_origin\`, \`ref_similarity\` and author]' \
'(--force)--resume[Go on with a run that was interrupted]' \
'--force[Replace a dataset, or an unfinished run, that is there]' \
'-q[No progress and no notes on stderr; errors are still shown]' \
'--quiet[No progress and no notes on stderr; errors are still shown]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
':out -- The dataset (Parquet). While it is made, its parts lie in a folder OUT.parts beside it:_files' \
&& ret=0
;;
(stats)
_arguments "${_arguments_options[@]}" : \
'-o+[Directory for distances.svg, positions.svg, map.svg and stats.json]:DIR:_files' \
'--out=[Directory for distances.svg, positions.svg, map.svg and stats.json]:DIR:_files' \
'--json[As JSON instead of a table]' \
'-q[No progress and no notes on stderr; errors are still shown]' \
'--quiet[No progress and no notes on stderr; errors are still shown]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
':dataset -- The dataset:_files' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_georanker__subcmd__curate__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:georanker-curate-help-command-$line[1]:"
        case $line[1] in
            (build)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(stats)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
;;
(score)
_arguments "${_arguments_options[@]}" : \
'--model=[Directory of the vision-language model (config.json, tokenizer.json, *.safetensors)]:DIR:_files' \
'--adapter=[Directory of a LoRA adapter with a value head (adapter_config.json, adapter_model.safetensors)]:DIR:_files' \
'(--benchmark)--pairs=[The pairs file\: queries and their candidates, JSON lines]:FILE:_files' \
'--benchmark=[An official candidate file (im2gps3k.csv, yfcc4k.csv) instead of a pairs file]:CSV:_files' \
'--photos=[The benchmark'\''s photos\: a folder or an uncompressed .tar]:DIR|TAR:_files' \
'--candidate-photos=[The collection'\''s photos (mp-16-images.tar)\: a folder or an uncompressed .tar]:DIR|TAR:_files' \
'--retrieved=[Candidates from the benchmark'\''s retrieved lists]:N:_default' \
'--generated=[Candidates from the benchmark'\''s generated lists]:N:_default' \
'--predictions=[Also write the best candidates'\'' coordinates to this file, for \`evaluate --predictions\`; needs --out]:FILE:_files' \
'-o+[Write to this file instead of stdout; one that exists with content is kept as FILE.previous]:FILE:_files' \
'--out=[Write to this file instead of stdout; one that exists with content is kept as FILE.previous]:FILE:_files' \
'--protocol=[Rules for texts and pixels\: ours, or those of the official code to the letter]:official|default:((default\:"Photos upright, transparency on white, an empty place is not printed"
official\:"As the official code\: EXIF orientation ignored, transparency dropped, an empty place leaves its comma and space"))' \
'--reencode=[Which photos go through JPEG (quality 75) first, as they did in the official evaluation]:none|candidates|all:((none\:"No photo"
candidates\:"Candidates'\'' photos"
all\:"All photos"))' \
'--dtype=[Number format of the computation]:f32|bf16|f16:((f32\:"32 bits"
bf16\:"16 bits with the range of 32"
f16\:"16 bits with a small range"))' \
'--weights=[How the weights are held in memory\: as stored, or quantised to 8 or 4 bits]:stored|q8|q4:((stored\:"In the number format of the computation"
q8\:"8 bits per weight"
q4\:"4 bits per weight"))' \
'--weights-cache=[Keep quantised weights in this directory\: only the first opening of a model then takes minutes]:DIR:_files' \
'--min-pixels=[Smallest photo that the model sees; smaller ones are scaled up \[default\: as the model says\]]:N:_default' \
'--max-pixels=[Largest photo that the model sees; larger ones are scaled down \[default\: as the model says\]]:N:_default' \
'--vision-cache=[Keep what the model makes of photos in this directory, for later runs]:DIR:_files' \
'--vision-memory=[Memory for what the model makes of photos, in MB; 0 keeps nothing]:MB:_default' \
'--device=[Where the model runs; a GPU needs a program built with \`--features cuda\`]:cpu|cuda|cuda:N:_default' \
'--threads=[Threads \[default\: one a core\]]:N:_default' \
'--resume[Go on with an --out file that an earlier run left]' \
'--merge-adapter[Add the adapter to the weights when loading\: a little faster, not bit-equal, and these weights then take memory of their own]' \
'--naive[Score each candidate'\''s prompt alone, sharing nothing\: slower, for comparison]' \
'-q[No progress and no notes on stderr; errors are still shown]' \
'--quiet[No progress and no notes on stderr; errors are still shown]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
&& ret=0
;;
(train)
_arguments "${_arguments_options[@]}" : \
'-q[No progress and no notes on stderr; errors are still shown]' \
'--quiet[No progress and no notes on stderr; errors are still shown]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
":: :_georanker__subcmd__train_commands" \
"*::: :->train" \
&& ret=0

    case $state in
    (train)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:georanker-train-command-$line[1]:"
        case $line[1] in
            (set)
_arguments "${_arguments_options[@]}" : \
'--config=[The configuration]:FILE:_files' \
'--resume=[Go on with the run in this directory]:OUT:_files' \
'--threads=[Threads \[default\: one a core\]]:N:_default' \
'-q[No progress and no notes on stderr; errors are still shown]' \
'--quiet[No progress and no notes on stderr; errors are still shown]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
&& ret=0
;;
(vlm)
_arguments "${_arguments_options[@]}" : \
'--config=[The configuration]:FILE:_files' \
'--resume=[Go on with the run in this directory]:OUT:_files' \
'--threads=[Threads \[default\: one a core\]]:N:_default' \
'-q[No progress and no notes on stderr; errors are still shown]' \
'--quiet[No progress and no notes on stderr; errors are still shown]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_georanker__subcmd__train__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:georanker-train-help-command-$line[1]:"
        case $line[1] in
            (set)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(vlm)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
;;
(evaluate)
_arguments "${_arguments_options[@]}" : \
'*--predictions=[Predictions (CSV\: \`IMG_ID\`, \`LAT_pred\`, \`LON_pred\`); give it again to compare methods with the first]:FILE:_files' \
'--truth=[True locations\: a photo table (CSV or Parquet\: \`IMG_ID\`, \`LAT\`, \`LON\`)]:FILE:_files' \
'*--by=[Break the accuracy down by these columns of the truth]:COLUMN,...:_default' \
'*--where=[Only rows of the truth that fit, such as split=test,owner!=Somebody]:CONDITION,...:_default' \
'--bootstrap=[Resamples behind the 95 % intervals; 0 leaves them out]:N:_default' \
'--seed=[Seed of the resampling]:SEED:_default' \
'-f+[Output format]:table|json|markdown:_default' \
'--format=[Output format]:table|json|markdown:_default' \
'-o+[Write to this file instead of stdout]:FILE:_files' \
'--out=[Write to this file instead of stdout]:FILE:_files' \
'--calibration[Judge the stated confidence, too]' \
'-q[No progress and no notes on stderr; errors are still shown]' \
'--quiet[No progress and no notes on stderr; errors are still shown]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
&& ret=0
;;
(pull)
_arguments "${_arguments_options[@]}" : \
'*--repo=[Take a part from another repository of the hub; may be given several times]:[PART=]ORGANISATION/NAME[@REVISION]:_default' \
'--into=[Put the pack into a directory of its name in DIR]:DIR:_files' \
'--offline[Ask nobody, make the pack of what the cache holds (as HF_HUB_OFFLINE=1)]' \
'(--repo --into --offline)--list[Describe the packs that can be pulled and stop]' \
'--json[Describe the result as JSON]' \
'-q[No progress and no notes on stderr; errors are still shown]' \
'--quiet[No progress and no notes on stderr; errors are still shown]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
'::name -- g3, geoclip, georanker-7b, or ORGANISATION/NAME (also with @REVISION) for any checkpoint of the hub:_default' \
&& ret=0
;;
(packs)
_arguments "${_arguments_options[@]}" : \
'--pack=[Model pack directory \[default\: beside the binary, then ./packs/starter\]]:DIR:_files' \
'--verify[Read every file and compare its checksum; without it, presence and lengths are looked at]' \
'--json[JSON instead of a table]' \
'-q[No progress and no notes on stderr; errors are still shown]' \
'--quiet[No progress and no notes on stderr; errors are still shown]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
&& ret=0
;;
(completions)
_arguments "${_arguments_options[@]}" : \
'-q[No progress and no notes on stderr; errors are still shown]' \
'--quiet[No progress and no notes on stderr; errors are still shown]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
':shell -- The shell:(bash elvish fish powershell zsh)' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_georanker__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:georanker-help-command-$line[1]:"
        case $line[1] in
            (locate)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(gallery)
_arguments "${_arguments_options[@]}" : \
":: :_georanker__subcmd__help__subcmd__gallery_commands" \
"*::: :->gallery" \
&& ret=0

    case $state in
    (gallery)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:georanker-help-gallery-command-$line[1]:"
        case $line[1] in
            (build)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(add)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(remove)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(info)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(verify)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(export)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(generate)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(curate)
_arguments "${_arguments_options[@]}" : \
":: :_georanker__subcmd__help__subcmd__curate_commands" \
"*::: :->curate" \
&& ret=0

    case $state in
    (curate)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:georanker-help-curate-command-$line[1]:"
        case $line[1] in
            (build)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(stats)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(score)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(train)
_arguments "${_arguments_options[@]}" : \
":: :_georanker__subcmd__help__subcmd__train_commands" \
"*::: :->train" \
&& ret=0

    case $state in
    (train)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:georanker-help-train-command-$line[1]:"
        case $line[1] in
            (set)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(vlm)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(evaluate)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(pull)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(packs)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(completions)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
}

(( $+functions[_georanker_commands] )) ||
_georanker_commands() {
    local commands; commands=(
'locate:Say where photos were taken' \
'gallery:Build and keep a gallery of geotagged photos' \
'generate:Ask a vision-language model where photos were taken; sends them to the address you name' \
'curate:Make and describe datasets for training rankers' \
'score:Score the candidates of photos with a vision-language model' \
'train:Train a ranker' \
'evaluate:Measure the accuracy of predictions' \
'pull:Fetch published weights and describe them as a pack' \
'packs:List the packs of this machine, and check them' \
'completions:Print a completion script for a shell' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'georanker commands' commands "$@"
}
(( $+functions[_georanker__subcmd__completions_commands] )) ||
_georanker__subcmd__completions_commands() {
    local commands; commands=()
    _describe -t commands 'georanker completions commands' commands "$@"
}
(( $+functions[_georanker__subcmd__curate_commands] )) ||
_georanker__subcmd__curate_commands() {
    local commands; commands=(
'build:Make a ranking dataset\: for each query photo the photos of a gallery that look like it' \
'stats:Say and draw what a ranking dataset holds; reads the official GeoRanking files as well' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'georanker curate commands' commands "$@"
}
(( $+functions[_georanker__subcmd__curate__subcmd__build_commands] )) ||
_georanker__subcmd__curate__subcmd__build_commands() {
    local commands; commands=()
    _describe -t commands 'georanker curate build commands' commands "$@"
}
(( $+functions[_georanker__subcmd__curate__subcmd__help_commands] )) ||
_georanker__subcmd__curate__subcmd__help_commands() {
    local commands; commands=(
'build:Make a ranking dataset\: for each query photo the photos of a gallery that look like it' \
'stats:Say and draw what a ranking dataset holds; reads the official GeoRanking files as well' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'georanker curate help commands' commands "$@"
}
(( $+functions[_georanker__subcmd__curate__subcmd__help__subcmd__build_commands] )) ||
_georanker__subcmd__curate__subcmd__help__subcmd__build_commands() {
    local commands; commands=()
    _describe -t commands 'georanker curate help build commands' commands "$@"
}
(( $+functions[_georanker__subcmd__curate__subcmd__help__subcmd__help_commands] )) ||
_georanker__subcmd__curate__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'georanker curate help help commands' commands "$@"
}
(( $+functions[_georanker__subcmd__curate__subcmd__help__subcmd__stats_commands] )) ||
_georanker__subcmd__curate__subcmd__help__subcmd__stats_commands() {
    local commands; commands=()
    _describe -t commands 'georanker curate help stats commands' commands "$@"
}
(( $+functions[_georanker__subcmd__curate__subcmd__stats_commands] )) ||
_georanker__subcmd__curate__subcmd__stats_commands() {
    local commands; commands=()
    _describe -t commands 'georanker curate stats commands' commands "$@"
}
(( $+functions[_georanker__subcmd__evaluate_commands] )) ||
_georanker__subcmd__evaluate_commands() {
    local commands; commands=()
    _describe -t commands 'georanker evaluate commands' commands "$@"
}
(( $+functions[_georanker__subcmd__gallery_commands] )) ||
_georanker__subcmd__gallery_commands() {
    local commands; commands=(
'build:Make a new gallery from geotagged photos' \
'add:Add photos to a gallery; photos that are there already are passed over, so an interrupted run can go on' \
'remove:Remove photos by id' \
'info:Say what a gallery holds' \
'verify:Check a gallery; every problem is named' \
'export:Write the gallery'\''s photo table (photos.csv) and its vectors (CHANNEL.npy) into a directory' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'georanker gallery commands' commands "$@"
}
(( $+functions[_georanker__subcmd__gallery__subcmd__add_commands] )) ||
_georanker__subcmd__gallery__subcmd__add_commands() {
    local commands; commands=()
    _describe -t commands 'georanker gallery add commands' commands "$@"
}
(( $+functions[_georanker__subcmd__gallery__subcmd__build_commands] )) ||
_georanker__subcmd__gallery__subcmd__build_commands() {
    local commands; commands=()
    _describe -t commands 'georanker gallery build commands' commands "$@"
}
(( $+functions[_georanker__subcmd__gallery__subcmd__export_commands] )) ||
_georanker__subcmd__gallery__subcmd__export_commands() {
    local commands; commands=()
    _describe -t commands 'georanker gallery export commands' commands "$@"
}
(( $+functions[_georanker__subcmd__gallery__subcmd__help_commands] )) ||
_georanker__subcmd__gallery__subcmd__help_commands() {
    local commands; commands=(
'build:Make a new gallery from geotagged photos' \
'add:Add photos to a gallery; photos that are there already are passed over, so an interrupted run can go on' \
'remove:Remove photos by id' \
'info:Say what a gallery holds' \
'verify:Check a gallery; every problem is named' \
'export:Write the gallery'\''s photo table (photos.csv) and its vectors (CHANNEL.npy) into a directory' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'georanker gallery help commands' commands "$@"
}
(( $+functions[_georanker__subcmd__gallery__subcmd__help__subcmd__add_commands] )) ||
_georanker__subcmd__gallery__subcmd__help__subcmd__add_commands() {
    local commands; commands=()
    _describe -t commands 'georanker gallery help add commands' commands "$@"
}
(( $+functions[_georanker__subcmd__gallery__subcmd__help__subcmd__build_commands] )) ||
_georanker__subcmd__gallery__subcmd__help__subcmd__build_commands() {
    local commands; commands=()
    _describe -t commands 'georanker gallery help build commands' commands "$@"
}
(( $+functions[_georanker__subcmd__gallery__subcmd__help__subcmd__export_commands] )) ||
_georanker__subcmd__gallery__subcmd__help__subcmd__export_commands() {
    local commands; commands=()
    _describe -t commands 'georanker gallery help export commands' commands "$@"
}
(( $+functions[_georanker__subcmd__gallery__subcmd__help__subcmd__help_commands] )) ||
_georanker__subcmd__gallery__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'georanker gallery help help commands' commands "$@"
}
(( $+functions[_georanker__subcmd__gallery__subcmd__help__subcmd__info_commands] )) ||
_georanker__subcmd__gallery__subcmd__help__subcmd__info_commands() {
    local commands; commands=()
    _describe -t commands 'georanker gallery help info commands' commands "$@"
}
(( $+functions[_georanker__subcmd__gallery__subcmd__help__subcmd__remove_commands] )) ||
_georanker__subcmd__gallery__subcmd__help__subcmd__remove_commands() {
    local commands; commands=()
    _describe -t commands 'georanker gallery help remove commands' commands "$@"
}
(( $+functions[_georanker__subcmd__gallery__subcmd__help__subcmd__verify_commands] )) ||
_georanker__subcmd__gallery__subcmd__help__subcmd__verify_commands() {
    local commands; commands=()
    _describe -t commands 'georanker gallery help verify commands' commands "$@"
}
(( $+functions[_georanker__subcmd__gallery__subcmd__info_commands] )) ||
_georanker__subcmd__gallery__subcmd__info_commands() {
    local commands; commands=()
    _describe -t commands 'georanker gallery info commands' commands "$@"
}
(( $+functions[_georanker__subcmd__gallery__subcmd__remove_commands] )) ||
_georanker__subcmd__gallery__subcmd__remove_commands() {
    local commands; commands=()
    _describe -t commands 'georanker gallery remove commands' commands "$@"
}
(( $+functions[_georanker__subcmd__gallery__subcmd__verify_commands] )) ||
_georanker__subcmd__gallery__subcmd__verify_commands() {
    local commands; commands=()
    _describe -t commands 'georanker gallery verify commands' commands "$@"
}
(( $+functions[_georanker__subcmd__generate_commands] )) ||
_georanker__subcmd__generate_commands() {
    local commands; commands=()
    _describe -t commands 'georanker generate commands' commands "$@"
}
(( $+functions[_georanker__subcmd__help_commands] )) ||
_georanker__subcmd__help_commands() {
    local commands; commands=(
'locate:Say where photos were taken' \
'gallery:Build and keep a gallery of geotagged photos' \
'generate:Ask a vision-language model where photos were taken; sends them to the address you name' \
'curate:Make and describe datasets for training rankers' \
'score:Score the candidates of photos with a vision-language model' \
'train:Train a ranker' \
'evaluate:Measure the accuracy of predictions' \
'pull:Fetch published weights and describe them as a pack' \
'packs:List the packs of this machine, and check them' \
'completions:Print a completion script for a shell' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'georanker help commands' commands "$@"
}
(( $+functions[_georanker__subcmd__help__subcmd__completions_commands] )) ||
_georanker__subcmd__help__subcmd__completions_commands() {
    local commands; commands=()
    _describe -t commands 'georanker help completions commands' commands "$@"
}
(( $+functions[_georanker__subcmd__help__subcmd__curate_commands] )) ||
_georanker__subcmd__help__subcmd__curate_commands() {
    local commands; commands=(
'build:Make a ranking dataset\: for each query photo the photos of a gallery that look like it' \
'stats:Say and draw what a ranking dataset holds; reads the official GeoRanking files as well' \
    )
    _describe -t commands 'georanker help curate commands' commands "$@"
}
(( $+functions[_georanker__subcmd__help__subcmd__curate__subcmd__build_commands] )) ||
_georanker__subcmd__help__subcmd__curate__subcmd__build_commands() {
    local commands; commands=()
    _describe -t commands 'georanker help curate build commands' commands "$@"
}
(( $+functions[_georanker__subcmd__help__subcmd__curate__subcmd__stats_commands] )) ||
_georanker__subcmd__help__subcmd__curate__subcmd__stats_commands() {
    local commands; commands=()
    _describe -t commands 'georanker help curate stats commands' commands "$@"
}
(( $+functions[_georanker__subcmd__help__subcmd__evaluate_commands] )) ||
_georanker__subcmd__help__subcmd__evaluate_commands() {
    local commands; commands=()
    _describe -t commands 'georanker help evaluate commands' commands "$@"
}
(( $+functions[_georanker__subcmd__help__subcmd__gallery_commands] )) ||
_georanker__subcmd__help__subcmd__gallery_commands() {
    local commands; commands=(
'build:Make a new gallery from geotagged photos' \
'add:Add photos to a gallery; photos that are there already are passed over, so an interrupted run can go on' \
'remove:Remove photos by id' \
'info:Say what a gallery holds' \
'verify:Check a gallery; every problem is named' \
'export:Write the gallery'\''s photo table (photos.csv) and its vectors (CHANNEL.npy) into a directory' \
    )
    _describe -t commands 'georanker help gallery commands' commands "$@"
}
(( $+functions[_georanker__subcmd__help__subcmd__gallery__subcmd__add_commands] )) ||
_georanker__subcmd__help__subcmd__gallery__subcmd__add_commands() {
    local commands; commands=()
    _describe -t commands 'georanker help gallery add commands' commands "$@"
}
(( $+functions[_georanker__subcmd__help__subcmd__gallery__subcmd__build_commands] )) ||
_georanker__subcmd__help__subcmd__gallery__subcmd__build_commands() {
    local commands; commands=()
    _describe -t commands 'georanker help gallery build commands' commands "$@"
}
(( $+functions[_georanker__subcmd__help__subcmd__gallery__subcmd__export_commands] )) ||
_georanker__subcmd__help__subcmd__gallery__subcmd__export_commands() {
    local commands; commands=()
    _describe -t commands 'georanker help gallery export commands' commands "$@"
}
(( $+functions[_georanker__subcmd__help__subcmd__gallery__subcmd__info_commands] )) ||
_georanker__subcmd__help__subcmd__gallery__subcmd__info_commands() {
    local commands; commands=()
    _describe -t commands 'georanker help gallery info commands' commands "$@"
}
(( $+functions[_georanker__subcmd__help__subcmd__gallery__subcmd__remove_commands] )) ||
_georanker__subcmd__help__subcmd__gallery__subcmd__remove_commands() {
    local commands; commands=()
    _describe -t commands 'georanker help gallery remove commands' commands "$@"
}
(( $+functions[_georanker__subcmd__help__subcmd__gallery__subcmd__verify_commands] )) ||
_georanker__subcmd__help__subcmd__gallery__subcmd__verify_commands() {
    local commands; commands=()
    _describe -t commands 'georanker help gallery verify commands' commands "$@"
}
(( $+functions[_georanker__subcmd__help__subcmd__generate_commands] )) ||
_georanker__subcmd__help__subcmd__generate_commands() {
    local commands; commands=()
    _describe -t commands 'georanker help generate commands' commands "$@"
}
(( $+functions[_georanker__subcmd__help__subcmd__help_commands] )) ||
_georanker__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'georanker help help commands' commands "$@"
}
(( $+functions[_georanker__subcmd__help__subcmd__locate_commands] )) ||
_georanker__subcmd__help__subcmd__locate_commands() {
    local commands; commands=()
    _describe -t commands 'georanker help locate commands' commands "$@"
}
(( $+functions[_georanker__subcmd__help__subcmd__packs_commands] )) ||
_georanker__subcmd__help__subcmd__packs_commands() {
    local commands; commands=()
    _describe -t commands 'georanker help packs commands' commands "$@"
}
(( $+functions[_georanker__subcmd__help__subcmd__pull_commands] )) ||
_georanker__subcmd__help__subcmd__pull_commands() {
    local commands; commands=()
    _describe -t commands 'georanker help pull commands' commands "$@"
}
(( $+functions[_georanker__subcmd__help__subcmd__score_commands] )) ||
_georanker__subcmd__help__subcmd__score_commands() {
    local commands; commands=()
    _describe -t commands 'georanker help score commands' commands "$@"
}
(( $+functions[_georanker__subcmd__help__subcmd__train_commands] )) ||
_georanker__subcmd__help__subcmd__train_commands() {
    local commands; commands=(
'set:Train the set ranker\: attention over the candidates of a photo' \
'vlm:Train the vision-language ranker\: low-rank adapters on Qwen2-VL' \
    )
    _describe -t commands 'georanker help train commands' commands "$@"
}
(( $+functions[_georanker__subcmd__help__subcmd__train__subcmd__set_commands] )) ||
_georanker__subcmd__help__subcmd__train__subcmd__set_commands() {
    local commands; commands=()
    _describe -t commands 'georanker help train set commands' commands "$@"
}
(( $+functions[_georanker__subcmd__help__subcmd__train__subcmd__vlm_commands] )) ||
_georanker__subcmd__help__subcmd__train__subcmd__vlm_commands() {
    local commands; commands=()
    _describe -t commands 'georanker help train vlm commands' commands "$@"
}
(( $+functions[_georanker__subcmd__locate_commands] )) ||
_georanker__subcmd__locate_commands() {
    local commands; commands=()
    _describe -t commands 'georanker locate commands' commands "$@"
}
(( $+functions[_georanker__subcmd__packs_commands] )) ||
_georanker__subcmd__packs_commands() {
    local commands; commands=()
    _describe -t commands 'georanker packs commands' commands "$@"
}
(( $+functions[_georanker__subcmd__pull_commands] )) ||
_georanker__subcmd__pull_commands() {
    local commands; commands=()
    _describe -t commands 'georanker pull commands' commands "$@"
}
(( $+functions[_georanker__subcmd__score_commands] )) ||
_georanker__subcmd__score_commands() {
    local commands; commands=()
    _describe -t commands 'georanker score commands' commands "$@"
}
(( $+functions[_georanker__subcmd__train_commands] )) ||
_georanker__subcmd__train_commands() {
    local commands; commands=(
'set:Train the set ranker\: attention over the candidates of a photo' \
'vlm:Train the vision-language ranker\: low-rank adapters on Qwen2-VL' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'georanker train commands' commands "$@"
}
(( $+functions[_georanker__subcmd__train__subcmd__help_commands] )) ||
_georanker__subcmd__train__subcmd__help_commands() {
    local commands; commands=(
'set:Train the set ranker\: attention over the candidates of a photo' \
'vlm:Train the vision-language ranker\: low-rank adapters on Qwen2-VL' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'georanker train help commands' commands "$@"
}
(( $+functions[_georanker__subcmd__train__subcmd__help__subcmd__help_commands] )) ||
_georanker__subcmd__train__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'georanker train help help commands' commands "$@"
}
(( $+functions[_georanker__subcmd__train__subcmd__help__subcmd__set_commands] )) ||
_georanker__subcmd__train__subcmd__help__subcmd__set_commands() {
    local commands; commands=()
    _describe -t commands 'georanker train help set commands' commands "$@"
}
(( $+functions[_georanker__subcmd__train__subcmd__help__subcmd__vlm_commands] )) ||
_georanker__subcmd__train__subcmd__help__subcmd__vlm_commands() {
    local commands; commands=()
    _describe -t commands 'georanker train help vlm commands' commands "$@"
}
(( $+functions[_georanker__subcmd__train__subcmd__set_commands] )) ||
_georanker__subcmd__train__subcmd__set_commands() {
    local commands; commands=()
    _describe -t commands 'georanker train set commands' commands "$@"
}
(( $+functions[_georanker__subcmd__train__subcmd__vlm_commands] )) ||
_georanker__subcmd__train__subcmd__vlm_commands() {
    local commands; commands=()
    _describe -t commands 'georanker train vlm commands' commands "$@"
}

if [ "$funcstack[1]" = "_georanker" ]; then
    _georanker "$@"
else
    compdef _georanker georanker
fi
