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
'-q[Hide progress and notes on stderr; errors are still shown]' \
'--quiet[Hide progress and notes on stderr; errors are still shown]' \
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
'-f+[Output format]:table|json|jsonl|geojson|kml|gpx|csv|html:(table json jsonl geojson kml gpx csv html)' \
'--format=[Output format]:table|json|jsonl|geojson|kml|gpx|csv|html:(table json jsonl geojson kml gpx csv html)' \
'-o+[Write to this file instead of stdout]:FILE:_files' \
'--out=[Write to this file instead of stdout]:FILE:_files' \
'--map=[Also write an HTML map to this file]:FILE:_files' \
'--ids=[Name photos in a CSV by their paths below the given directory, or by their file names]:path|name:((path\:"Path below the given directory"
name\:"File name"))' \
'--top=[Show this many candidates per photo]:N:_default' \
'--distinct=[Hide candidates within this distance of a better one; 0 shows all]:KM:_default' \
'--region=[Restrict answers to a region\: countries or states by name or code (AU,NZ or US-CA), south,west,north,east in degrees, or lat,lon,radius in km]:REGION:_default' \
'--precision=[Coarsen locations in the output to about this many km, or to the country]:1|25|200|country:(exact 1 25 200 country)' \
'--decide=[Choose the answer by this rule\: argmax, geoscore, or threshold\:KM \[default\: the pack'\''s rule\]]:RULE:_default' \
'(--exif-only)--album=[Let photos of one folder that were taken within this many minutes of each other make each other'\''s places likelier]:MINUTES:_default' \
'*--exclude=[Exclude gallery photos that would give the answer away]:WHAT,...:((same-author\:"Photos by \`--author\`"
near-duplicate\:"Near-duplicates of the photo itself"))' \
'--max-megapixels=[Reject photos above this size]:MEGAPIXELS:_default' \
'--device=[Device to run on\: cpu, or cuda in a build with \`--features cuda\`]:cpu|cuda|cuda:N:_default' \
'--threads=[Number of threads \[default\: one per core\]]:N:_default' \
'*--fuse=[Search by the weighted sum of these channels'\'' similarities, for example g3-image=1,g3-text=0.5]:CHANNEL=WEIGHT,...:_default' \
'--dedupe=[Drop candidates within this distance of a more similar one; the next ones take their places]:METRES:_default' \
'(--more-coordinates)--coordinates=[Search these coordinates (CSV with LAT, LON) in the location channel instead of the pack'\''s]:FILE:_files' \
'--more-coordinates=[Search these coordinates (CSV with LAT, LON) in addition to the pack'\''s]:FILE:_files' \
'--query-cache=[Cache photo vectors in this directory, so that no photo is encoded twice]:DIR:_files' \
'--author=[Name the author of the photos; required by \`--exclude same-author\`]:NAME:_default' \
'(--generated)--generate=[Also ask a vision-language model for candidates; photos are sent to this OpenAI-compatible chat API]:URL:_default' \
'--generate-model=[Name of that model on the server]:NAME:_default' \
'--generate-api-key-env=[Read the API key from this environment variable \[default\: no key is sent\]]:VARIABLE:_default' \
'--generate-samples=[Ask the model this many times per photo]:N:_default' \
'--generate-detail=[Image detail to request from the model; none sends no image]:GENERATE_DETAIL:((none\:"Send no image"
low\:"Small image at a fixed price"
high\:"Tiled image; the price depends on its size"
auto\:"Let the server choose"))' \
'--generate-prompt=[Prompt\: the paper'\''s zero-shot prompt, or G3'\''s with coordinates of similar and dissimilar gallery photos]:GENERATE_PROMPT:((zero-shot\:"Send the photo alone"
retrieval\:"Add coordinates of similar and dissimilar photos"))' \
'--hint=[Tell the model what you know about the photos, such as "a trip to Chile in 2019"; at most 500 characters]:TEXT:_default' \
'--generate-temperature=[Sampling temperature]:T:_default' \
'--generate-requests-per-minute=[Maximum requests per minute, evenly spaced]:N:_default' \
'--generate-budget=[Stop asking before the run costs more than this, in the currency of the prices; remaining photos are located by the gallery alone]:COST:_default' \
'--generate-price-in=[Price per million input tokens (prompts and photos)]:PRICE:_default' \
'--generate-price-out=[Price per million output tokens (answers)]:PRICE:_default' \
'--generate-cache=[Cache answers in this directory \[default\: GEORANKER_CACHE/answers, or georanker/answers in the user'\''s cache directory\]]:DIR:_files' \
'--generated=[Read generated candidates from a file written by \`georanker generate\`]:FILE:_files' \
'--merge-within-m=[Merge a generated candidate with another candidate within this distance]:METRES:_default' \
'--judge=[Rerank the best candidates with the vision-language model in this directory (as \`score --model\`)\: one prompt per candidate, minutes per photo]:DIR:_files' \
'--judge-adapter=[Adapter of that model, as saved by \`train vlm\` or PEFT]:DIR:_files' \
'--judge-retrieved=[Rerank this many retrieved candidates, the best of the pack'\''s ranker]:N:_default' \
'--judge-generated=[Rerank this many candidates that were only generated]:N:_default' \
'--judge-dtype=[Number format of the computation]:f32|bf16|f16:((f32\:"32 bits"
bf16\:"16 bits with the range of 32"
f16\:"16 bits with a small range"))' \
'--judge-device=[Device to run on\: cpu, or cuda in a build with \`--features cuda\`]:cpu|cuda|cuda:N:_default' \
'--judge-max-pixels=[Scale photos down to at most this many pixels, which saves most of the time \[default\: the model'\''s limit\]]:PIXELS:_default' \
'--judge-weights=[Hold the weights as stored, or quantised to 8 or 4 bits]:stored|q8|q4:((stored\:"Number format of the computation"
q8\:"8 bits per weight"
q4\:"4 bits per weight"))' \
'--judge-weights-cache=[Cache quantised weights in this directory, so that only the first start takes minutes]:DIR:_files' \
'--judge-vision-cache=[Cache the vision features of gallery photos in this directory]:DIR:_files' \
'--force[Replace files that georanker did not write or that were changed since]' \
'(--exif-only --album)--together[Locate all photos together, as photos of one place; each gets the same answer]' \
'(--gallery --region --decide --exclude)--exif-only[Answer only from the location that each file states (EXIF, XMP, sidecars); no model runs]' \
'--allow-truncated[Use photos whose files end too early, as far as they go; the output says what is missing]' \
'--sidecars[Also read the locations that Google Takeout'\''s JSON files beside the photos state]' \
'--dedupe-photos[Keep only the most similar of near-duplicate gallery photos]' \
'-q[Hide progress and notes on stderr; errors are still shown]' \
'--quiet[Hide progress and notes on stderr; errors are still shown]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
'*::inputs -- Photos, or directories that hold photos (searched recursively):_files' \
&& ret=0
;;
(gallery)
_arguments "${_arguments_options[@]}" : \
'-q[Hide progress and notes on stderr; errors are still shown]' \
'--quiet[Hide progress and notes on stderr; errors are still shown]' \
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
'--photos=[Read photos from this folder or .tar file]:DIR|TAR:_files' \
'--table=[Read locations from this photo table (CSV or Parquet with \`IMG_ID\`, \`LAT\`, \`LON\`) \[default\: the photos'\'' GPS tags\]]:FILE:_files' \
'--where=[Use only table rows with these column values, for example split=gallery]:COLUMN=VALUE,...:_default' \
'--outcomes=[Write what became of each photo to this file\: a CSV of \`IMG_ID\`, outcome and reason]:FILE:_files' \
'--report=[Write a JSON report\: photos per second, and time spent reading, decoding and encoding]:FILE:_files' \
'--name=[Name the gallery \[default\: the directory'\''s name\]]:NAME:_default' \
'--pack=[Model pack directory \[default\: beside the binary, then ./packs/starter\]]:DIR:_files' \
'--device=[Device to run on\: cpu, or cuda in a build with \`--features cuda\`]:cpu|cuda|cuda:N:_default' \
'--threads=[Number of threads \[default\: one per core\]]:N:_default' \
'--skip-bad-rows[Leave out rows of the table that are wrong; each is named]' \
'--allow-truncated[Use photos whose files end too early, as far as they go; each is named]' \
'--sidecars[Also read locations from the JSON files that Google Takeout puts beside photos]' \
'--update[Replace photos whose place or file has changed; without it they are named and left as they are]' \
'--force[Replace files that georanker did not write or that were changed since]' \
'-q[Hide progress and notes on stderr; errors are still shown]' \
'--quiet[Hide progress and notes on stderr; errors are still shown]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
':gallery -- Directory of the new gallery:_files' \
&& ret=0
;;
(add)
_arguments "${_arguments_options[@]}" : \
'--photos=[Read photos from this folder or .tar file]:DIR|TAR:_files' \
'--table=[Read locations from this photo table (CSV or Parquet with \`IMG_ID\`, \`LAT\`, \`LON\`) \[default\: the photos'\'' GPS tags\]]:FILE:_files' \
'--where=[Use only table rows with these column values, for example split=gallery]:COLUMN=VALUE,...:_default' \
'--outcomes=[Write what became of each photo to this file\: a CSV of \`IMG_ID\`, outcome and reason]:FILE:_files' \
'--report=[Write a JSON report\: photos per second, and time spent reading, decoding and encoding]:FILE:_files' \
'--pack=[Model pack directory \[default\: beside the binary, then ./packs/starter\]]:DIR:_files' \
'--device=[Device to run on\: cpu, or cuda in a build with \`--features cuda\`]:cpu|cuda|cuda:N:_default' \
'--threads=[Number of threads \[default\: one per core\]]:N:_default' \
'--skip-bad-rows[Leave out rows of the table that are wrong; each is named]' \
'--allow-truncated[Use photos whose files end too early, as far as they go; each is named]' \
'--sidecars[Also read locations from the JSON files that Google Takeout puts beside photos]' \
'--update[Replace photos whose place or file has changed; without it they are named and left as they are]' \
'--force[Replace files that georanker did not write or that were changed since]' \
'-q[Hide progress and notes on stderr; errors are still shown]' \
'--quiet[Hide progress and notes on stderr; errors are still shown]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
':gallery -- Directory of the gallery:_files' \
&& ret=0
;;
(remove)
_arguments "${_arguments_options[@]}" : \
'-q[Hide progress and notes on stderr; errors are still shown]' \
'--quiet[Hide progress and notes on stderr; errors are still shown]' \
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
'--json[Print JSON instead of text]' \
'-q[Hide progress and notes on stderr; errors are still shown]' \
'--quiet[Hide progress and notes on stderr; errors are still shown]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
':gallery -- Directory of the gallery:_files' \
&& ret=0
;;
(verify)
_arguments "${_arguments_options[@]}" : \
'--repair[Rebuild derived files that are stale or damaged]' \
'-q[Hide progress and notes on stderr; errors are still shown]' \
'--quiet[Hide progress and notes on stderr; errors are still shown]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
':gallery -- Directory of the gallery:_files' \
&& ret=0
;;
(export)
_arguments "${_arguments_options[@]}" : \
'-o+[Write the files into this directory]:DIR:_files' \
'--out=[Write the files into this directory]:DIR:_files' \
'--force[Replace files that georanker did not write or that were changed since]' \
'-q[Hide progress and notes on stderr; errors are still shown]' \
'--quiet[Hide progress and notes on stderr; errors are still shown]' \
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
'--api=[Base URL of an OpenAI-compatible chat API; usually it ends in /v1]:URL:_default' \
'--model=[Name of the model on the server]:NAME:_default' \
'--api-key-env=[Read the API key from this environment variable \[default\: no key is sent\]]:VARIABLE:_default' \
'--temperature=[Sampling temperature]:T:_default' \
'--max-tokens=[Maximum number of tokens per answer]:N:_default' \
'--detail=[Image detail to request from the model; none sends no image]:DETAIL:((none\:"Send no image"
low\:"Small image at a fixed price"
high\:"Tiled image; the price depends on its size"
auto\:"Let the server choose"))' \
'--max-side=[Longest side of the image that is sent]:PIXELS:_default' \
'--structured=[Require answers in a JSON schema; auto does unless the server refuses it or the protocol is official]:STRUCTURED:((auto\:"Use a schema unless the server refuses it"
on\:"Always use a schema"
off\:"Never use a schema"))' \
'--seed=[Sampling seed, if the server supports one; 0 for a local model]:N:_default' \
'--requests-per-minute=[Maximum requests per minute, evenly spaced]:N:_default' \
'--timeout=[Time limit per response]:SECONDS:_default' \
'--retries=[Retry a failed request this many times]:N:_default' \
'--retry-delay=[Wait before the first retry; it doubles each time]:SECONDS:_default' \
'(--api --model --api-key-env --detail --max-side --structured --requests-per-minute --timeout --retries --retry-delay --concurrency)--local=[Run the vision-language model in this directory (config.json, tokenizer.json, *.safetensors) instead of asking a server]:DIR:_files' \
'(--api)--weights=[With --local\: hold the weights as stored, or quantised to 8 or 4 bits]:stored|q8|q4:((stored\:"Number format of the computation"
q8\:"8 bits per weight"
q4\:"4 bits per weight"))' \
'(--api)--weights-cache=[With --local\: cache quantised weights in this directory, so that only the first start takes minutes]:DIR:_files' \
'(--api)--dtype=[With --local\: number format of the computation]:f32|bf16|f16:((f32\:"32 bits"
bf16\:"16 bits with the range of 32"
f16\:"16 bits with a small range"))' \
'(--api)--top-k=[With --local\: sample from the K likeliest tokens only (top-k); 0\: all]:K:_default' \
'(--api)--top-p=[With --local\: sample from the likeliest tokens up to this total probability (top-p)]:P:_default' \
'(--api)--min-pixels=[With --local\: scale photos up to at least this many pixels \[default\: the model'\''s limit\]]:PIXELS:_default' \
'(--api)--max-pixels=[With --local\: scale photos down to at most this many pixels (784 pixels per token)]:PIXELS:_default' \
'(--api)--device=[With --local\: device to run on\: cpu, or cuda in a build with \`--features cuda\`]:cpu|cuda|cuda:N:_default' \
'(--api)--threads=[With --local\: number of threads \[default\: one per core\]]:N:_default' \
'--prompt=[Prompt\: the paper'\''s zero-shot prompt, or G3'\''s with coordinates of similar and dissimilar gallery photos]:PROMPT:((zero-shot\:"Send the photo alone"
retrieval\:"Add coordinates of similar and dissimilar photos"))' \
'--references=[Number of similar, and of dissimilar, photos in the retrieval prompt]:N:_default' \
'--hint=[Tell the model what you know about the photos, such as "a trip to Chile in 2019"; at most 500 characters]:TEXT:_default' \
'-n+[Answers per photo]:N:_default' \
'--samples=[Answers per photo]:N:_default' \
'--protocol=[Rules for prompts, pixels and reading\: ours, or exactly those of the official code (unreadable answers become 0, 0)]:official|default:((default\:"Drop and count unreadable answers"
official\:"Read answers as the official code does\: 0, 0 if unreadable"))' \
'--concurrency=[Send requests for this many photos at a time]:N:_default' \
'--budget=[Stop before the run costs more than this, in the currency of the prices]:COST:_default' \
'--price-in=[Price per million input tokens (prompts and photos)]:PRICE:_default' \
'--price-out=[Price per million output tokens (answers)]:PRICE:_default' \
'--cache=[Cache answers in this directory \[default\: GEORANKER_CACHE/answers, or georanker/answers in the user'\''s cache directory\]]:DIR:_files' \
'-o+[Write to this file instead of stdout]:FILE:_files' \
'--out=[Write to this file instead of stdout]:FILE:_files' \
'--pack=[Model pack directory \[default\: beside the binary, then ./packs/starter\]]:DIR:_files' \
'--max-megapixels=[Reject photos above this size]:MEGAPIXELS:_default' \
'--force[Replace files that georanker did not write or that were changed since]' \
'--dry-run[Send nothing; print what a run would ask and cost, as JSON]' \
'-q[Hide progress and notes on stderr; errors are still shown]' \
'--quiet[Hide progress and notes on stderr; errors are still shown]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
'*::inputs -- Photos, or directories that hold photos (searched recursively); - is a photo on stdin:_files' \
&& ret=0
;;
(curate)
_arguments "${_arguments_options[@]}" : \
'-q[Hide progress and notes on stderr; errors are still shown]' \
'--quiet[Hide progress and notes on stderr; errors are still shown]' \
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
'--gallery=[Take candidates from the gallery in this directory]:DIR:_files' \
'(--gallery --photos --where)--retrieved=[Read candidates from a FAISS result (I.npy\: rows of --collection per row of --queries) instead of a gallery]:I.npy:_files' \
'--distances=[Read the similarities of --retrieved from this file (D.npy of an inner-product index)]:D.npy:_files' \
'--collection=[Photo table whose rows --retrieved numbers, for example MP16-Pro'\''s CSV]:FILE:_files' \
'--queries=[Read queries from this photo table (CSV or Parquet with \`IMG_ID\`, \`LAT\`, \`LON\`); \`same\`\: the gallery'\''s own photos]:FILE|same:_files' \
'--photos=[Read query photos that are not in the gallery from this folder or .tar file; without a table, use all its photos by their GPS tags]:DIR|TAR:_files' \
'--query-cache=[Cache the vectors of photos that are not in the gallery in this directory]:DIR:_files' \
'--where=[Use only table rows with these column values, for example split=train]:COLUMN=VALUE,...:_default' \
'--top=[Candidates per query]:N:_default' \
'*--exclude=[Exclude these candidates; without \`self\` the query is first in its own list, as in the official files]:WHAT,...:((self\:"The query itself"
near-duplicate\:"Copies of the query, by perceptual hash"
same-author\:"Photos by the query'\''s author"
none\:"Nothing"))' \
'--near-duplicate-bits=[Treat photos as near-duplicates if their perceptual hashes differ in at most this many of 64 bits]:BITS:_default' \
'--min-distance-m=[Exclude candidates closer to the query than this]:METRES:_default' \
'--per-cell=[Keep at most this many candidates per map cell \[default\: no limit\]]:N:_default' \
'--cell-km=[Width and height of a map cell]:KM:_default' \
'--min-far=[Require this many candidates 750 km or more from the query]:N:_default' \
'--at-least=[Skip queries with fewer candidates than this]:N:_default' \
'--deepest=[Search up to this many similar photos if the rules leave too few]:N:_default' \
'--sample=[Use a random sample of the queries (0 to 1)]:FRACTION:_default' \
'--seed=[Seed of the sample]:SEED:_default' \
'--pack=[Model pack directory \[default\: beside the binary, then ./packs/starter\]]:DIR:_files' \
'--official-columns[Write only the five columns of the official files, without \`ref_origin\`, \`ref_similarity\` and author]' \
'(--force)--resume[Resume an interrupted run]' \
'--force[Replace an existing dataset or unfinished run]' \
'-q[Hide progress and notes on stderr; errors are still shown]' \
'--quiet[Hide progress and notes on stderr; errors are still shown]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
':out -- Dataset to write (Parquet); parts are kept in OUT.parts until it is complete:_files' \
&& ret=0
;;
(stats)
_arguments "${_arguments_options[@]}" : \
'-o+[Write distances.svg, positions.svg, map.svg and stats.json into this directory]:DIR:_files' \
'--out=[Write distances.svg, positions.svg, map.svg and stats.json into this directory]:DIR:_files' \
'--json[Print JSON instead of a table]' \
'--force[Replace files that georanker did not write or that were changed since]' \
'-q[Hide progress and notes on stderr; errors are still shown]' \
'--quiet[Hide progress and notes on stderr; errors are still shown]' \
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
'(--benchmark)--pairs=[Read queries and their candidates from this file (JSON lines); - is stdin, with photos from the working directory]:FILE:_files' \
'--benchmark=[Score an official candidate file (im2gps3k.csv, yfcc4k.csv) instead of a pairs file]:CSV:_files' \
'--photos=[Read the benchmark'\''s photos from this folder or uncompressed .tar file]:DIR|TAR:_files' \
'--candidate-photos=[Read the collection'\''s photos (mp-16-images.tar) from this folder or uncompressed .tar file]:DIR|TAR:_files' \
'--retrieved=[Score this many retrieved candidates per query]:N:_default' \
'--generated=[Score this many generated candidates per query]:N:_default' \
'--predictions=[Also write the best candidates'\'' coordinates, for \`evaluate --predictions\`; requires --out]:FILE:_files' \
'-o+[Write to this file instead of stdout; an existing file is kept as FILE.previous]:FILE:_files' \
'--out=[Write to this file instead of stdout; an existing file is kept as FILE.previous]:FILE:_files' \
'--protocol=[Rules for texts and pixels\: ours, or exactly those of the official code]:official|default:((default\:"Photos upright, transparency on white, an empty place is not printed"
official\:"As the official code\: EXIF orientation ignored, transparency dropped, an empty place leaves its comma and space"))' \
'--reencode=[Recompress these photos as JPEG (quality 75) first, as in the official evaluation]:none|candidates|all:((none\:"No photo"
candidates\:"Candidates'\'' photos"
all\:"All photos"))' \
'--dtype=[Number format of the computation]:f32|bf16|f16:((f32\:"32 bits"
bf16\:"16 bits with the range of 32"
f16\:"16 bits with a small range"))' \
'--weights=[Hold the weights as stored, or quantised to 8 or 4 bits]:stored|q8|q4:((stored\:"Number format of the computation"
q8\:"8 bits per weight"
q4\:"4 bits per weight"))' \
'--weights-cache=[Cache quantised weights in this directory, so that only the first start takes minutes]:DIR:_files' \
'--min-pixels=[Scale photos up to at least this many pixels \[default\: the model'\''s limit\]]:PIXELS:_default' \
'--max-pixels=[Scale photos down to at most this many pixels \[default\: the model'\''s limit\]]:PIXELS:_default' \
'--vision-cache=[Cache vision features in this directory]:DIR:_files' \
'--vision-memory=[Memory for cached vision features; 0 turns the cache off]:MB:_default' \
'--device=[Device to run on\: cpu, or cuda in a build with \`--features cuda\`]:cpu|cuda|cuda:N:_default' \
'--threads=[Number of threads \[default\: one per core\]]:N:_default' \
'--force[Replace files that georanker did not write or that were changed since]' \
'--resume[Continue the --out file of an interrupted run]' \
'--merge-adapter[Merge the adapter into the weights when loading\: slightly faster and not bit-equal, with extra memory for the merged weights]' \
'--naive[Score each candidate'\''s prompt separately, without sharing work\: slower, for comparison]' \
'-q[Hide progress and notes on stderr; errors are still shown]' \
'--quiet[Hide progress and notes on stderr; errors are still shown]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
&& ret=0
;;
(train)
_arguments "${_arguments_options[@]}" : \
'-q[Hide progress and notes on stderr; errors are still shown]' \
'--quiet[Hide progress and notes on stderr; errors are still shown]' \
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
'--config=[Configuration file (TOML)]:FILE:_files' \
'--resume=[Continue the run in this directory]:OUT:_files' \
'--device=[Device to run on\: cpu, or cuda in a build with \`--features cuda\`]:cpu|cuda|cuda:N:_default' \
'--threads=[Number of threads \[default\: one per core\]]:N:_default' \
'-q[Hide progress and notes on stderr; errors are still shown]' \
'--quiet[Hide progress and notes on stderr; errors are still shown]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
&& ret=0
;;
(vlm)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration file (TOML)]:FILE:_files' \
'--resume=[Continue the run in this directory]:OUT:_files' \
'--device=[Device to run on\: cpu, or cuda in a build with \`--features cuda\`]:cpu|cuda|cuda:N:_default' \
'--threads=[Number of threads \[default\: one per core\]]:N:_default' \
'-q[Hide progress and notes on stderr; errors are still shown]' \
'--quiet[Hide progress and notes on stderr; errors are still shown]' \
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
(pack)
_arguments "${_arguments_options[@]}" : \
'-q[Hide progress and notes on stderr; errors are still shown]' \
'--quiet[Hide progress and notes on stderr; errors are still shown]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
":: :_georanker__subcmd__pack_commands" \
"*::: :->pack" \
&& ret=0

    case $state in
    (pack)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:georanker-pack-command-$line[1]:"
        case $line[1] in
            (build)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration file (TOML)]:FILE:_files' \
'--only=[Run this step alone; those before it must have been made]:STEP:_default' \
'--shard=[Make only this share of the features, for example 2/8 on the second of eight machines; copy the work directories together afterwards]:I/N:_default' \
'--device=[Device to run on\: cpu, or cuda in a build with \`--features cuda\`]:cpu|cuda|cuda:N:_default' \
'--threads=[Number of threads \[default\: one per core\]]:N:_default' \
'--plan[Print the steps, what has been made, and what the rest will take, and do nothing]' \
'-q[Hide progress and notes on stderr; errors are still shown]' \
'--quiet[Hide progress and notes on stderr; errors are still shown]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_georanker__subcmd__pack__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:georanker-pack-help-command-$line[1]:"
        case $line[1] in
            (build)
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
'*--predictions=[Read predictions from this CSV (\`IMG_ID\`, \`LAT_pred\`, \`LON_pred\`); repeat to compare methods with the first]:FILE:_files' \
'--truth=[Read true locations from this photo table (CSV or Parquet\: \`IMG_ID\`, \`LAT\`, \`LON\`)]:FILE:_files' \
'*--by=[Break the accuracy down by these columns of the truth]:COLUMN,...:_default' \
'*--where=[Use only rows of the truth that match, for example split=test,owner!=Somebody]:CONDITION,...:_default' \
'--gallery=[Break the accuracy down by the distance to the nearest photo of this gallery or photo table]:DIR|TABLE:_files' \
'*--gallery-where=[Use only rows of the \`--gallery\` table that match, for example split=gallery]:CONDITION,...:_default' \
'--exclude=[Leave out gallery photos by the author of the query (column \`author\` of the truth)]:WHAT:((same-author\:"Photos by the author of the query"))' \
'--bootstrap=[Number of bootstrap resamples for the 95 % intervals; 0 omits the intervals]:N:_default' \
'--seed=[Seed of the bootstrap]:SEED:_default' \
'-f+[Output format]:table|json|markdown:_default' \
'--format=[Output format]:table|json|markdown:_default' \
'-o+[Write to this file instead of stdout]:FILE:_files' \
'--out=[Write to this file instead of stdout]:FILE:_files' \
'--calibration[Also measure how well confidence is calibrated, how well it ranks, and what abstaining brings]' \
'--countries[Also report by continent, with every country alike, and the true and predicted share of each country]' \
'--skip-bad-rows[Leave out rows of the files that are wrong; each is named]' \
'--force[Replace files that georanker did not write or that were changed since]' \
'-q[Hide progress and notes on stderr; errors are still shown]' \
'--quiet[Hide progress and notes on stderr; errors are still shown]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
&& ret=0
;;
(pull)
_arguments "${_arguments_options[@]}" : \
'*--repo=[Download a part from another repository of the hub; may be repeated]:[PART=]ORGANISATION/NAME[@REVISION]:_default' \
'--wheel=[Take the part that this wheel of the Python package index holds from it (geoclip 1.3.0), not from GitHub]:FILE:_files' \
'--into=[Create the pack'\''s directory in DIR]:DIR:_files' \
'--offline[Work offline, using cached files only (as HF_HUB_OFFLINE=1)]' \
'(--repo --wheel --into --offline)--list[List the packs that can be downloaded, then exit]' \
'--json[Print the result as JSON]' \
'-q[Hide progress and notes on stderr; errors are still shown]' \
'--quiet[Hide progress and notes on stderr; errors are still shown]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
'::name -- Pack to download\: g3, geoclip, georanker-7b, or any checkpoint on the hub as ORGANISATION/NAME or ORGANISATION/NAME@REVISION:_default' \
&& ret=0
;;
(packs)
_arguments "${_arguments_options[@]}" : \
'--pack=[Model pack directory \[default\: beside the binary, then ./packs/starter\]]:DIR:_files' \
'--verify[Read every file and verify its checksum; otherwise only presence and lengths are checked]' \
'--json[Print JSON instead of a table]' \
'-q[Hide progress and notes on stderr; errors are still shown]' \
'--quiet[Hide progress and notes on stderr; errors are still shown]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
&& ret=0
;;
(doctor)
_arguments "${_arguments_options[@]}" : \
'--pack=[Model pack directory \[default\: beside the binary, then ./packs/starter\]]:DIR:_files' \
'--gallery=[Look at this gallery instead of the pack'\''s own]:DIR:_files -/' \
'--json[Print JSON instead of text]' \
'-q[Hide progress and notes on stderr; errors are still shown]' \
'--quiet[Hide progress and notes on stderr; errors are still shown]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
&& ret=0
;;
(completions)
_arguments "${_arguments_options[@]}" : \
'-q[Hide progress and notes on stderr; errors are still shown]' \
'--quiet[Hide progress and notes on stderr; errors are still shown]' \
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
(pack)
_arguments "${_arguments_options[@]}" : \
":: :_georanker__subcmd__help__subcmd__pack_commands" \
"*::: :->pack" \
&& ret=0

    case $state in
    (pack)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:georanker-help-pack-command-$line[1]:"
        case $line[1] in
            (build)
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
(doctor)
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
'locate:Find where photos were taken' \
'gallery:Build and maintain a gallery of geotagged photos' \
'generate:Ask a vision-language model where photos were taken; photos are sent to the address you give' \
'curate:Make and describe datasets for training rankers' \
'score:Score the candidates of photos with a vision-language model' \
'train:Train a ranker' \
'pack:Build model packs' \
'evaluate:Measure the accuracy of predictions' \
'pull:Download published weights and make a pack of them' \
'packs:List and check the packs on this machine' \
'doctor:Check what is found on this machine, what is missing, and how fast it is' \
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
'build:Build a ranking dataset\: for each query photo, the gallery photos most similar to it' \
'stats:Describe and plot a ranking dataset; also reads the official GeoRanking files' \
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
'build:Build a ranking dataset\: for each query photo, the gallery photos most similar to it' \
'stats:Describe and plot a ranking dataset; also reads the official GeoRanking files' \
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
(( $+functions[_georanker__subcmd__doctor_commands] )) ||
_georanker__subcmd__doctor_commands() {
    local commands; commands=()
    _describe -t commands 'georanker doctor commands' commands "$@"
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
'add:Add photos to a gallery; photos that it already holds are skipped, so an interrupted run can be repeated' \
'remove:Remove photos by id' \
'info:Show what a gallery holds' \
'verify:Check a gallery and report every problem' \
'export:Write the photo table (photos.csv) and the vectors (CHANNEL.npy) of a gallery into a directory' \
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
'add:Add photos to a gallery; photos that it already holds are skipped, so an interrupted run can be repeated' \
'remove:Remove photos by id' \
'info:Show what a gallery holds' \
'verify:Check a gallery and report every problem' \
'export:Write the photo table (photos.csv) and the vectors (CHANNEL.npy) of a gallery into a directory' \
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
'locate:Find where photos were taken' \
'gallery:Build and maintain a gallery of geotagged photos' \
'generate:Ask a vision-language model where photos were taken; photos are sent to the address you give' \
'curate:Make and describe datasets for training rankers' \
'score:Score the candidates of photos with a vision-language model' \
'train:Train a ranker' \
'pack:Build model packs' \
'evaluate:Measure the accuracy of predictions' \
'pull:Download published weights and make a pack of them' \
'packs:List and check the packs on this machine' \
'doctor:Check what is found on this machine, what is missing, and how fast it is' \
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
'build:Build a ranking dataset\: for each query photo, the gallery photos most similar to it' \
'stats:Describe and plot a ranking dataset; also reads the official GeoRanking files' \
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
(( $+functions[_georanker__subcmd__help__subcmd__doctor_commands] )) ||
_georanker__subcmd__help__subcmd__doctor_commands() {
    local commands; commands=()
    _describe -t commands 'georanker help doctor commands' commands "$@"
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
'add:Add photos to a gallery; photos that it already holds are skipped, so an interrupted run can be repeated' \
'remove:Remove photos by id' \
'info:Show what a gallery holds' \
'verify:Check a gallery and report every problem' \
'export:Write the photo table (photos.csv) and the vectors (CHANNEL.npy) of a gallery into a directory' \
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
(( $+functions[_georanker__subcmd__help__subcmd__pack_commands] )) ||
_georanker__subcmd__help__subcmd__pack_commands() {
    local commands; commands=(
'build:Build a model pack from a photo collection and an encoder' \
    )
    _describe -t commands 'georanker help pack commands' commands "$@"
}
(( $+functions[_georanker__subcmd__help__subcmd__pack__subcmd__build_commands] )) ||
_georanker__subcmd__help__subcmd__pack__subcmd__build_commands() {
    local commands; commands=()
    _describe -t commands 'georanker help pack build commands' commands "$@"
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
(( $+functions[_georanker__subcmd__pack_commands] )) ||
_georanker__subcmd__pack_commands() {
    local commands; commands=(
'build:Build a model pack from a photo collection and an encoder' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'georanker pack commands' commands "$@"
}
(( $+functions[_georanker__subcmd__pack__subcmd__build_commands] )) ||
_georanker__subcmd__pack__subcmd__build_commands() {
    local commands; commands=()
    _describe -t commands 'georanker pack build commands' commands "$@"
}
(( $+functions[_georanker__subcmd__pack__subcmd__help_commands] )) ||
_georanker__subcmd__pack__subcmd__help_commands() {
    local commands; commands=(
'build:Build a model pack from a photo collection and an encoder' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'georanker pack help commands' commands "$@"
}
(( $+functions[_georanker__subcmd__pack__subcmd__help__subcmd__build_commands] )) ||
_georanker__subcmd__pack__subcmd__help__subcmd__build_commands() {
    local commands; commands=()
    _describe -t commands 'georanker pack help build commands' commands "$@"
}
(( $+functions[_georanker__subcmd__pack__subcmd__help__subcmd__help_commands] )) ||
_georanker__subcmd__pack__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'georanker pack help help commands' commands "$@"
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
